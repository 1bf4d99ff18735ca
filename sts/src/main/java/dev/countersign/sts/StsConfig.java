package dev.countersign.sts;

import dev.countersign.box.Listener;
import dev.countersign.policy.Factor;
import dev.countersign.protocol.KeySource;
import dev.countersign.sts.clients.Client;
import dev.countersign.sts.clients.ClientAuthorities;
import dev.countersign.sts.clients.Credentials;
import dev.countersign.sts.keys.KeySettings;
import dev.countersign.sts.stepup.WebAuthn;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The token service's configuration, valid by construction.
///
/// @param issuer the `iss` of what we sign and the base of our addresses: scheme, host and port
///   only
/// @param tokenLifetime how long an on-behalf-of token lives; over 0 and at most 10 minutes
/// @param sessionAdmins workloads that may end a person's sessions, with their public keys
/// @param operators workloads that may end a person's sessions with a reason and let them in again
/// @param keys how our signing keys are kept
/// @param authorities who may issue certificates to clients
/// @param transmitter the base address of the transmitter, which is told of kills
/// @param broker the base address of the broker, which is told of revoked tokens; empty where there
///   is none, since a Vault stands in its place
/// @param attributeAdmins workloads that may write attributes of people, by name
/// @param tokenLimits how often one subject token may be exchanged
public record StsConfig(
    URI issuer,
    Listener listener,
    Duration tokenLifetime,
    StepUpSettings stepUp,
    List<Anchor> anchors,
    List<Client> clients,
    Map<String, KeySource> sessionAdmins,
    Map<String, KeySource> operators,
    SmtpSettings smtp,
    KeySettings keys,
    ClientAuthorities authorities,
    URI transmitter,
    Optional<URI> broker,
    Map<String, AttributeAdmin> attributeAdmins,
    TokenLimits tokenLimits) {
  /// The life of an on-behalf-of token where nothing else is said.
  public static final Duration DEFAULT_LIFETIME = Duration.ofSeconds(60);

  /// The longest life of an on-behalf-of token that can be configured.
  public static final Duration LONGEST_LIFETIME = Duration.ofMinutes(10);

  /// @throws IllegalArgumentException naming every problem at once, one per line
  public StsConfig {
    var problems = new ArrayList<String>();
    if (!Addresses.isWeb(issuer)
        || !issuer.getRawPath().isEmpty()
        || issuer.getRawQuery() != null) {
      problems.add(
          "sts: issuer must be scheme, host and port only, https unless on the loopback interface");
    }
    if (!tokenLifetime.isPositive() || tokenLifetime.compareTo(LONGEST_LIFETIME) > 0) {
      problems.add("sts: token-lifetime must be over 0 and at most 10 minutes");
    }
    if (!Addresses.isWeb(transmitter)) {
      problems.add("sts: transmitter must be an https URL, or http on the loopback interface");
    }
    if (!broker.map(Addresses::isWeb).orElse(true)) {
      problems.add("sts: broker must be an https URL, or http on the loopback interface");
    }
    if (anchors.isEmpty()) {
      problems.add("sts: anchors must name at least one identity provider");
    }
    var names = new HashSet<String>();
    // INVARIANT: one token matches one anchor, so no key set is ever tried for another issuer.
    for (Anchor anchor : anchors) {
      if (!names.add("issuer " + anchor.issuer())
          || !names.add("type " + anchor.name())
          || (!anchor.tokenType().equals(anchor.name())
              && !names.add("type " + anchor.tokenType()))) {
        problems.add("sts: anchor " + anchor.name() + " repeats a name, issuer or token-type");
      }
      if (anchor.issuer().equals(issuer.toString())) {
        problems.add("sts: anchor " + anchor.name() + " has this service's own issuer");
      }
    }
    Set<String> anchorNames = Set.copyOf(anchors.stream().map(Anchor::name).distinct().toList());
    for (String anchor : stepUp.signIns().keySet()) {
      if (!anchorNames.contains(anchor)) {
        problems.add("step-up: sign-in names the anchor " + anchor + ", which does not exist");
      }
    }
    if (stepUp.factors().contains(Factor.PASSKEY) && !WebAuthn.isPossible(issuer)) {
      problems.add(
          "step-up: the factor passkey needs an issuer with a name, such as localhost, not a number");
    }
    for (Client client : clients) {
      if (!names.add("client " + client.id())) {
        problems.add("sts: client " + client.id() + " is registered twice");
      }
      if (!anchorNames.containsAll(client.anchors())
          || !anchorNames.containsAll(client.options().actorAnchors())) {
        problems.add("sts: client " + client.id() + " names an anchor that does not exist");
      }
      if (client.credentials() instanceof Credentials.Certificate
          && authorities.certificates().isEmpty()) {
        problems.add(
            "sts: client "
                + client.id()
                + " proves a certificate, but client-certificates.authorities names no authority");
      }
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
    anchors = List.copyOf(anchors);
    clients = List.copyOf(clients);
    sessionAdmins = Map.copyOf(sessionAdmins);
    attributeAdmins = Map.copyOf(attributeAdmins);
    operators = Map.copyOf(operators);
  }

  /// A configuration without operators, in which nobody writes attributes over the wire.
  public StsConfig(
      URI issuer,
      Listener listener,
      Duration tokenLifetime,
      StepUpSettings stepUp,
      List<Anchor> anchors,
      List<Client> clients,
      Map<String, KeySource> sessionAdmins,
      SmtpSettings smtp,
      KeySettings keys,
      ClientAuthorities authorities,
      URI transmitter,
      Optional<URI> broker) {
    this(
        issuer,
        listener,
        tokenLifetime,
        stepUp,
        anchors,
        clients,
        sessionAdmins,
        Map.of(),
        smtp,
        keys,
        authorities,
        transmitter,
        broker,
        Map.of(),
        TokenLimits.defaults());
  }
}
