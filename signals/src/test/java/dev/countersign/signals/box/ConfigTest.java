package dev.countersign.signals.box;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.countersign.box.Listener;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.VerificationKeys;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.act.ReceiverConfig;
import dev.countersign.signals.act.ReceiverConfig.IdentityProvider;
import dev.countersign.signals.act.ReceiverConfig.Retry;
import dev.countersign.signals.transmit.TokenSigner;
import dev.countersign.signals.transmit.TransmitterConfig;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ConfigTest {
  private static final Secret TOKEN = new Secret("secret");

  @Test
  void namesEveryProblemOfATransmitterAtOnce() {
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            new TransmitterConfig(
                Listener.loopback(0),
                URI.create("http://127.0.0.1:9404/path"),
                List.of(),
                List.of(new TransmitterConfig.Receiver("receiver", "urn:r", "ES256")),
                Map.of(),
                Duration.ofMinutes(9)))
        .withMessageContainingAll("issuer", "sources", "workloads", "longest-poll");
  }

  @Test
  void letsASourceSendOnlyEventsThatAreKnown() {
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            new TransmitterConfig.Source(
                "sts", Set.of("sts"), Set.of("urn:other"), "https://sts.example"))
        .withMessageContaining("event-types");
  }

  @Test
  void startsNoTransmitterWithoutAKeyOfTheReceiversAlgorithm() {
    var config =
        new TransmitterConfig(
            Listener.loopback(0),
            URI.create("http://127.0.0.1:9404"),
            List.of(
                new TransmitterConfig.Source(
                    "sts", Set.of("sts"), Set.of(EventTypes.SESSION_REVOKED), "urn:sts")),
            List.of(new TransmitterConfig.Receiver("receiver", "urn:r", "RS256")),
            Map.of("sts", noKeys(), "receiver", noKeys()),
            TransmitterConfig.DEFAULT_LONGEST_POLL);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> new TokenSigner(config, List.of(World.key("sts"))))
        .withMessageContaining("RS256");
  }

  @Test
  void namesEveryProblemOfAReceiverAtOnce() {
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            new ReceiverConfig(
                Listener.loopback(0),
                " ",
                URI.create("http://transmitter.example"),
                "urn:r",
                "urn:sts",
                URI.create("https://sts.example/path"),
                URI.create("https://broker.example"),
                List.of(okta("sts", "https://o.example")),
                Retry.USUAL,
                Duration.ZERO))
        .withMessageContainingAll("workload", "transmitter", "sts", "anchor", "oldest-event");
  }

  @Test
  void sendsNoCredentialOverPlainHttpToAnotherMachine() {
    assertThatIllegalArgumentException().isThrownBy(() -> okta("okta", "http://o.example"));
    assertThat(okta("okta", "http://[::1]:9407").anchor()).isEqualTo("okta");
  }

  @Test
  void doublesThePauseUpToTheLongestAndLeavesHalfToChance() {
    var retry = new Retry(Duration.ofMillis(200), Duration.ofMinutes(1), 300);

    assertThat(retry.pause(1, 1)).isEqualTo(Duration.ofMillis(200));
    assertThat(retry.pause(1, 0)).isEqualTo(Duration.ofMillis(100));
    assertThat(retry.pause(3, 1)).isEqualTo(Duration.ofMillis(800));
    assertThat(retry.pause(200, 1)).isEqualTo(Duration.ofMinutes(1));
    assertThat(retry.pause(200, 0)).isEqualTo(Duration.ofSeconds(30));
  }

  private static IdentityProvider.Okta okta(String anchor, String organization) {
    return new IdentityProvider.Okta(
        anchor, URI.create(organization), new IdentityProvider.OktaAccess.ApiToken(TOKEN), false);
  }

  private static KeySource noKeys() {
    return KeySource.of(VerificationKeys.of(List.of()));
  }
}
