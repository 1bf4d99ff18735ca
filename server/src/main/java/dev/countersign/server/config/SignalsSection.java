package dev.countersign.server.config;

import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.Secret;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.act.ReceiverConfig;
import dev.countersign.signals.act.ReceiverConfig.IdentityProvider;
import dev.countersign.signals.transmit.TransmitterConfig;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Reads the `transmitter` and `receiver` sections, which never see each other's secrets.
final class SignalsSection {
  private static final String STS = "sts";
  private static final String RECEIVER = "receiver";
  private static final String GRAPH_SCOPE = "https://graph.microsoft.com/.default";

  private SignalsSection() {}

  /// The transmitter's address, which is the issuer of its tokens.
  static URI transmitterAddress(ConfigSection transmitter) {
    return Sections.address(transmitter, Sections.listener(transmitter));
  }

  static Optional<TransmitterConfig> transmitter(
      ConfigSection transmitter, ConfigSection receiver, Keys keys, URI stsIssuer) {
    var listener = Sections.listener(transmitter);
    URI address = Sections.address(transmitter, listener);
    String algorithm = receiver.optionalText("algorithm").orElse("ES256");
    Duration longestPoll =
        transmitter.duration("longest-poll", TransmitterConfig.DEFAULT_LONGEST_POLL);
    return Sections.checked(
        transmitter,
        "",
        () ->
            new TransmitterConfig(
                listener,
                address,
                List.of(
                    new TransmitterConfig.Source(
                        STS,
                        Set.of(STS),
                        Set.of(EventTypes.SESSION_REVOKED),
                        stsIssuer.toString())),
                List.of(new TransmitterConfig.Receiver(RECEIVER, audience(receiver), algorithm)),
                Map.<String, KeySource>of(STS, keys.of(STS), RECEIVER, keys.of(RECEIVER)),
                longestPoll));
  }

  static Optional<ReceiverConfig> receiver(
      ConfigSection receiver, URI transmitter, URI sts, URI broker) {
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
                ReceiverConfig.Retry.USUAL,
                oldest));
  }

  private static String audience(ConfigSection receiver) {
    return Sections.address(receiver, Sections.listener(receiver)).toString();
  }

  private static Optional<IdentityProvider> entra(ConfigSection receiver, ConfigSection section) {
    String anchor = section.text("anchor");
    URI tokenEndpoint = section.uri("token-endpoint");
    URI graph = section.uri("graph");
    String scope = section.optionalText("scope").orElse(GRAPH_SCOPE);
    String clientId = section.text("client-id");
    Secret secret = section.secret("client-secret");
    section.done();
    return Sections.checked(
        receiver,
        "entra",
        () -> new IdentityProvider.Entra(anchor, tokenEndpoint, graph, scope, clientId, secret));
  }

  private static Optional<IdentityProvider> okta(ConfigSection receiver, ConfigSection section) {
    String anchor = section.text("anchor");
    URI org = section.uri("org");
    Secret token = section.secret("api-token");
    section.done();
    return Sections.checked(receiver, "okta", () -> new IdentityProvider.Okta(anchor, org, token));
  }
}
