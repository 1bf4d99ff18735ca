package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.countersign.box.IssuerKeys;
import dev.countersign.box.Listener;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.VerificationKeys;
import dev.countersign.sts.clients.Client;
import dev.countersign.sts.clients.ClientAuthorities;
import dev.countersign.sts.clients.ClientOptions;
import dev.countersign.sts.clients.Credentials;
import dev.countersign.sts.keys.KeySettings;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StsConfigTest {
  private static final KeySource NO_KEYS = KeySource.of(VerificationKeys.of(List.of()));

  @Test
  void namesEveryProblemAtOnce() {
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            config(
                "http://sts.example/path",
                Duration.ofMinutes(11),
                List.of(anchor("a", "https://idp.example"), anchor("b", "https://idp.example"))))
        .withMessageContaining("issuer")
        .withMessageContaining("token-lifetime")
        .withMessageContaining("anchor b repeats");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"http://sts.example", "http://192.0.2.1:9401", "http://localhost.example"})
  void TX_23_tokensAreIssuedOverTlsOrOnThisMachineOnly(String issuer) {
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            config(issuer, Duration.ofSeconds(60), List.of(anchor("a", "https://idp.example"))))
        .withMessageContaining("https unless on the loopback interface");
    assertThat(
            config(
                    issuer.replace("http:", "https:"),
                    Duration.ofSeconds(60),
                    List.of(anchor("a", "https://idp.example")))
                .issuer())
        .hasScheme("https");
  }

  @Test
  void B13_oneTokenMustMatchOneAnchor() {
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            config(
                "https://sts.example",
                Duration.ofSeconds(60),
                List.of(anchor("a", "https://idp.example"), anchor("b", "https://idp.example"))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"http://idp.example/keys", "file:///etc/passwd", "https://u:p@idp.example/"})
  void keysComeByHttpsOnly(String address) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> IssuerKeys.at(URI.create(address), Set.of("other.example")));
  }

  @Test
  void plainMailOnlyOnTheLoopbackInterface() {
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            new SmtpSettings(
                "mail.example", 25, SmtpSettings.Security.NONE, "a@b.example", null, List.of()));
    assertThat(
            new SmtpSettings(
                    "mail.example",
                    587,
                    SmtpSettings.Security.STARTTLS,
                    "Desk <a@b.example>",
                    null,
                    List.of())
                .port())
        .isEqualTo(587);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a@b",
        "a@b.example\r\nBcc: x@y.example",
        "a@b.example, x@y.example",
        "@b",
        "a b@c"
      })
  void mailAddressesAreOneAddress(String address) {
    assertThat(MailAddress.isDeliverable(address)).isEqualTo(address.equals("a@b"));
  }

  @Test
  void maskedAddressesShowTheFirstLetterAndTheDomain() {
    assertThat(MailAddress.masked("maya@contoso.example")).isEqualTo("m•••@contoso.example");
  }

  private static StsConfig config(String issuer, Duration lifetime, List<Anchor> anchors) {
    return new StsConfig(
        URI.create(issuer),
        Listener.loopback(0),
        lifetime,
        StepUpSettings.defaults(),
        anchors,
        List.of(
            new Client(
                "gateway",
                new Credentials.Keys(NO_KEYS),
                Set.of("a"),
                Set.of("t"),
                Set.of("s"),
                List.of("r"),
                Duration.ofMinutes(1),
                "Agent",
                ClientOptions.none())),
        Map.of(),
        new SmtpSettings(
            "127.0.0.1", 25, SmtpSettings.Security.NONE, "a@b.example", null, List.of()),
        KeySettings.of(World.MASTER),
        ClientAuthorities.none(),
        URI.create("https://transmitter.example"),
        Optional.empty());
  }

  private static Anchor anchor(String name, String issuer) {
    return new Anchor(
        name,
        "urn:" + name + ":t",
        new JwtRules(
            issuer, Set.of("x"), Set.of("jwt"), Set.of("RS256"), Duration.ZERO, Duration.ZERO),
        new Anchor.Demands(Map.of(), Set.of(), Set.of(), false),
        new Anchor.Claims("sub", List.of(), List.of(), Map.of()),
        IssuerKeys.at(URI.create(issuer + "/keys"), Set.of()),
        null);
  }
}
