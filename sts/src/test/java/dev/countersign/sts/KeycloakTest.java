package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.Counterparts;
import dev.countersign.box.IssuerKeys;
import dev.countersign.box.KeycloakServer;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Factor;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.RemoteKeySet;
import dev.countersign.sts.World.Answer;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// A real Keycloak: a person signs in there with a real browser, the token is exchanged here, the
/// session is ended there, and the exchange is refused.
class KeycloakTest {
  private static final String TYPE = "urn:keycloak:token-type:user-jwt";
  private static final String SECRET = "twenty-bytes-of-noor";
  private static KeycloakServer keycloak;
  private static String issuer;
  private static World world;

  private static StepUpSettings stepUp() {
    return new StepUpSettings(
        StepUpSettings.Limits.defaults(),
        List.of(Factor.IDP),
        Map.of(
            "keycloak",
            new SignInSettings(
                "Keycloak",
                "approvals",
                null,
                List.of("openid", "profile"),
                "sub",
                List.of("1"),
                List.of(),
                SignInSettings.GROUPS,
                SignInSettings.ROLES)),
        null);
  }

  @BeforeAll
  static void start() {
    Counterparts.chromium();
    keycloak = KeycloakServer.shared();
    issuer = keycloak.realm("staff-realm.json");
    world = new World(stepUp(), List.of(anchor()));
    world.now.set(Instant.now());
  }

  @AfterAll
  static void stop() {
    if (world != null) {
      world.close();
    }
  }

  @Test
  void C16_aSessionThatEndedAtTheProviderExchangesNothingMore() {
    ObjectNode signedIn = signIn("lena", "correct horse", "");
    String token = signedIn.path("access_token").stringValue();

    Answer before = exchange(token);
    assertThat(before.status()).as(before.body()).isEqualTo(200);
    String subject = World.claims(token).path("sub").stringValue();
    ObjectNode obo = World.claims(before.text("access_token"));
    assertThat(obo.path("sub").stringValue()).isEqualTo("keycloak|" + subject);
    assertThat(obo.path("auth_time")).isEqualTo(World.claims(token).path("auth_time"));
    assertThat(exchange(signedIn.path("id_token").stringValue()).text("error"))
        .as("A14: the ID token of the same sign-in")
        .isEqualTo("invalid_request");

    endSessions(subject);

    Answer after = exchange(token);
    assertThat(after.status()).isEqualTo(400);
    assertThat(after.text("error_description")).contains("not active");
    assertThat(world.userInfo(token).status()).isEqualTo(401);
  }

  @Test
  @Tag("slow")
  void G12_theProvidersOwnSecondFactorApprovesExactlyThisRequest() {
    world.now.set(Instant.now());
    String token = signIn("noor", "battery staple", SECRET).path("access_token").stringValue();
    var form = world.exchangeForm(token, World.refund(9_000));
    form.put("subject_token_type", TYPE);
    Answer stepUp = world.post(form);
    assertThat(stepUp.text("scope")).as(stepUp.body()).isEqualTo("mfa_challenge");
    try (var browser = new PersonInChromium(world.issuer);
        var ticking = Executors.newSingleThreadScheduledExecutor()) {
      var _ =
          ticking.scheduleAtFixedRate(
              () -> world.now.set(Instant.now()), 0, 200, TimeUnit.MILLISECONDS);
      ObjectNode said =
          browser.approveAtKeycloak(
              stepUp.text("approval_id"), stepUp.text("number"), "noor", "battery staple", SECRET);
      assertThat(said.path("title").stringValue()).isEqualTo("Approve this request?");
      assertThat(said.path("answer").stringValue()).isEqualTo("Approved");
      ticking.shutdownNow();
    }

    String assertion = world.verification(stepUp).text("assertion");
    Answer issued = world.post(world.redeemForm(assertion, World.refund(9_000)));

    assertThat(issued.status()).as(issued.body()).isEqualTo(200);
    var given =
        world.ledger.stream()
            .filter(entry -> entry.event() == LedgerEvent.APPROVAL_GIVEN)
            .toList()
            .getLast()
            .data();
    assertThat(given.path("factor").stringValue()).isEqualTo("idp");
    assertThat(given.path("evidence").stringValue()).isEqualTo("1");
  }

  private static ObjectNode signIn(String user, String password, String secret) {
    return NodeProgram.run(
        "sign-in.mjs",
        StrictJson.object()
            .put("issuer", issuer)
            .put("client", "console")
            .put("callback", "http://127.0.0.1/callback")
            .put("chromium", Counterparts.chromium().toString())
            .put("user", user)
            .put("password", password)
            .put("secret", secret));
  }

  private static Answer exchange(String token) {
    var form = world.exchangeForm(token, World.refund(100));
    form.put("subject_token_type", TYPE);
    return world.post(form);
  }

  /// What an administrator does, or the receiver on a signal.
  private static void endSessions(String subject) {
    assertThat(
            keycloak
                .admin("POST", "/admin/realms/staff/users/" + subject + "/logout", null)
                .status())
        .isEqualTo(204);
  }

  private static Anchor anchor() {
    AnchorPreset preset = AnchorPreset.KEYCLOAK;
    return new Anchor(
        "keycloak",
        TYPE,
        new JwtRules(
            issuer,
            Set.of("refunds"),
            Set.of("account", "sts"),
            preset.shape().types(),
            preset.shape().algorithms(),
            Duration.ofSeconds(30),
            Duration.ZERO),
        new Anchor.Demands(
            preset.equal(Map.of()), preset.shape().present(), Set.of("console"), false),
        new Anchor.Claims(
            preset.shape().subject(),
            preset.shape().mail(),
            preset.shape().phone(),
            Map.of("refund_limit", "refund_limit")),
        new IssuerKeys(
            IssuerKeys.Place.Discovered.of(issuer, Set.of()),
            Set.of("127.0.0.1"),
            null,
            RemoteKeySet.OUTAGE_LIMIT),
        new Introspection(
            URI.create(issuer + preset.shape().introspection()),
            "sts",
            new Secret("introspect-me"),
            Introspection.Scope.EVERY));
  }
}
