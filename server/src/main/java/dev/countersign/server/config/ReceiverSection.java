package dev.countersign.server.config;

import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.Secret;
import dev.countersign.signals.act.ClientProof;
import dev.countersign.signals.act.EventEffects;
import dev.countersign.signals.act.Inbound;
import dev.countersign.signals.act.ReceiverConfig;
import dev.countersign.signals.act.ReceiverConfig.IdentityProvider;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Optional;
import java.util.Set;

/// Reads the `receiver` section: where sessions are ended, with which credentials, and whose events
/// are obeyed.
final class ReceiverSection {
  private static final String RECEIVER = "receiver";
  private static final String GRAPH = "https://graph.microsoft.com";
  private static final String GRAPH_SCOPE = GRAPH + "/.default";

  private ReceiverSection() {}

  static Optional<ReceiverConfig> read(
      ConfigSection receiver, URI transmitter, URI sts, Optional<URI> broker) {
    var listener = Sections.listener(receiver);
    String audience = audience(receiver);
    receiver.optionalText("algorithm");
    var providers = new ArrayList<IdentityProvider>();
    receiver
        .optionalSection("entra")
        .flatMap(section -> entra(receiver, section))
        .ifPresent(providers::add);
    receiver
        .optionalSection("okta")
        .flatMap(section -> okta(receiver, section))
        .ifPresent(providers::add);
    receiver
        .optionalSection("keycloak")
        .flatMap(section -> keycloak(receiver, section))
        .ifPresent(providers::add);
    receiver
        .optionalSection("verify")
        .flatMap(section -> verify(receiver, section))
        .ifPresent(providers::add);
    var hooks = new ArrayList<ReceiverConfig.Hook>();
    receiver
        .named("webhooks")
        .forEach((name, section) -> hook(receiver, name, section).ifPresent(hooks::add));
    var inbound = new ArrayList<Inbound>();
    receiver
        .named("inbound")
        .forEach(
            (name, section) -> inbound(receiver, name, section, audience).ifPresent(inbound::add));
    Duration oldest = receiver.duration("oldest-event", ReceiverConfig.DEFAULT_OLDEST_EVENT);
    return Sections.checked(
        receiver,
        "",
        () ->
            new ReceiverConfig(
                listener,
                RECEIVER,
                transmitter,
                audience,
                sts.toString(),
                sts,
                broker,
                providers,
                hooks,
                inbound,
                ReceiverConfig.Retry.USUAL,
                oldest));
  }

  /// The receiver's address, which is the audience of the tokens for it.
  static String audience(ConfigSection receiver) {
    return Sections.address(receiver, Sections.listener(receiver)).toString();
  }

  private static Optional<IdentityProvider> entra(ConfigSection receiver, ConfigSection section) {
    String anchor = section.text("anchor");
    URI tokenEndpoint = section.uri("token-endpoint");
    URI graph = section.optionalUri("graph").orElse(URI.create(GRAPH));
    String scope = section.optionalText("scope").orElse(GRAPH_SCOPE);
    String clientId = section.text("client-id");
    Optional<ClientProof> proof = proof(receiver, "entra", section);
    boolean checksGuests = section.flag("checks-guests", false);
    section.done();
    return proof.flatMap(known ->
        Sections.checked(
            receiver,
            "entra",
            () ->
                new IdentityProvider.Entra(
                    anchor, tokenEndpoint, graph, scope, clientId, known, checksGuests)));
  }

  private static Optional<IdentityProvider> okta(ConfigSection receiver, ConfigSection section) {
    String anchor = section.text("anchor");
    URI org = section.uri("org");
    boolean universal = section.flag("universal-logout", false);
    Optional<Secret> token = section.optionalSecret("api-token");
    Optional<String> clientId = section.optionalText("client-id");
    Optional<Path> key = section.optionalPath("client-key");
    section.done();
    if (token.isPresent() == key.isPresent() || key.isPresent() != clientId.isPresent()) {
      section.problem("api-token", "name api-token, or client-id and client-key");
      return Optional.empty();
    }
    return Sections.checked(
        receiver,
        "okta",
        () -> {
          IdentityProvider.OktaAccess access =
              token.isPresent()
                  ? new IdentityProvider.OktaAccess.ApiToken(token.get())
                  : new IdentityProvider.OktaAccess.Service(
                      clientId.orElseThrow(), ClientKeys.jwk(key.orElseThrow()));
          return new IdentityProvider.Okta(anchor, org, access, universal);
        });
  }

  private static Optional<IdentityProvider> keycloak(
      ConfigSection receiver, ConfigSection section) {
    String anchor = section.text("anchor");
    URI server = section.uri("server");
    String realm = section.text("realm");
    String clientId = section.text("client-id");
    Optional<ClientProof> proof = proof(receiver, "keycloak", section);
    section.done();
    return proof.flatMap(known ->
        Sections.checked(
            receiver,
            "keycloak",
            () -> new IdentityProvider.Keycloak(anchor, server, realm, clientId, known)));
  }

  private static Optional<IdentityProvider> verify(ConfigSection receiver, ConfigSection section) {
    String anchor = section.text("anchor");
    URI tenant = section.uri("tenant");
    URI tokenEndpoint =
        section.optionalUri("token-endpoint").orElseGet(() -> tenant.resolve("/oauth2/token"));
    String clientId = section.text("client-id");
    Optional<ClientProof> proof = proof(receiver, "verify", section);
    section.done();
    return proof.flatMap(known ->
        Sections.checked(
            receiver,
            "verify",
            () -> new IdentityProvider.Verify(anchor, tenant, tokenEndpoint, clientId, known)));
  }

  private static Optional<ReceiverConfig.Hook> hook(
      ConfigSection receiver, String name, ConfigSection section) {
    URI url = section.uri("url");
    Set<String> anchors = Set.copyOf(section.texts("anchors"));
    Secret secret = section.secret("secret");
    section.done();
    return Sections.checked(
        receiver, "webhooks", () -> new ReceiverConfig.Hook(name, url, anchors, secret));
  }

  private static Optional<Inbound> inbound(
      ConfigSection receiver, String name, ConfigSection section, String ownAddress) {
    URI issuer = section.uri("issuer");
    String audience = section.optionalText("audience").orElse(ownAddress);
    String anchor = section.text("anchor");
    String subjects = section.optionalText("subject-issuer").orElse(issuer.toString());
    boolean opaque = section.flag("opaque-ids", false);
    int perMinute = (int) section.integer("per-minute", Inbound.USUAL_PER_MINUTE);
    Optional<EventEffects> effects =
        section.has("events")
            ? Sections.checked(
                receiver,
                "inbound",
                () -> new EventEffects(SignalsSection.eventTypes(section, "events")))
            : Optional.of(EventEffects.USUAL);
    var hosts =
        new Inbound.Hosts(
            Set.copyOf(section.texts("hosts")),
            Set.copyOf(section.texts("internal-hosts")),
            section.optionalPath("certificate-authorities"));
    Optional<Inbound.Delivery> delivery = delivery(receiver, section);
    section.done();
    if (delivery.isEmpty() || effects.isEmpty()) {
      return Optional.empty();
    }
    return Sections.checked(
        receiver,
        "inbound",
        () ->
            new Inbound(
                name,
                issuer,
                audience,
                anchor,
                subjects,
                opaque,
                perMinute,
                effects.get(),
                delivery.get(),
                hosts));
  }

  private static Optional<Inbound.Delivery> delivery(
      ConfigSection receiver, ConfigSection section) {
    Optional<Secret> push = section.optionalSecret("push-authorization");
    Optional<Secret> token = section.optionalSecret("access-token");
    Optional<URI> tokenEndpoint = section.optionalUri("token-endpoint");
    String scope = section.optionalText("scope").orElse("ssf.manage");
    Optional<String> clientId = section.optionalText("client-id");
    int ways =
        (push.isPresent() ? 1 : 0)
            + (token.isPresent() ? 1 : 0)
            + (tokenEndpoint.isPresent() ? 1 : 0);
    if (ways != 1 || tokenEndpoint.isPresent() != clientId.isPresent()) {
      section.problem(
          "push-authorization",
          "name one of push-authorization (tokens are brought), access-token, or token-endpoint with"
              + " client-id (tokens are fetched)");
      return Optional.empty();
    }
    if (push.isPresent()) {
      return Optional.of(new Inbound.Delivery.Push(push.get()));
    }
    if (token.isPresent()) {
      return Optional.of(new Inbound.Delivery.Poll(new Inbound.Access.Token(token.get())));
    }
    return proof(receiver, "inbound", section)
        .map(known ->
            new Inbound.Delivery.Poll(
                new Inbound.Access.Client(
                    tokenEndpoint.orElseThrow(), clientId.orElseThrow(), known, scope)));
  }

  /// A client's secret, its key, or its certificate with key.
  private static Optional<ClientProof> proof(
      ConfigSection receiver, String where, ConfigSection section) {
    Optional<Secret> secret = section.optionalSecret("client-secret");
    Optional<Path> certificate = section.optionalPath("client-certificate");
    Optional<Path> key = section.optionalPath("client-key");
    if (secret.isPresent() == key.isPresent() || (certificate.isPresent() && key.isEmpty())) {
      section.problem(
          "client-secret",
          "name client-secret, or client-key (a JWK), or client-certificate and client-key (PEM)");
      return Optional.empty();
    }
    if (secret.isPresent()) {
      return Optional.of(new ClientProof.Password(secret.get()));
    }
    return Sections.checked(
        receiver,
        where,
        () ->
            certificate.isPresent()
                ? ClientKeys.certificate(certificate.get(), key.orElseThrow())
                : ClientKeys.jwk(key.orElseThrow()));
  }
}
