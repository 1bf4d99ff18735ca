package dev.countersign.signals.box;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import dev.countersign.box.KeyFiles;
import dev.countersign.box.Listener;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.act.ClientProof;
import dev.countersign.signals.act.Ending;
import dev.countersign.signals.act.Person;
import dev.countersign.signals.act.ReceiverConfig;
import dev.countersign.signals.act.ReceiverConfig.IdentityProvider;
import dev.countersign.signals.act.SessionHandler;
import dev.countersign.signals.act.SessionHandler.Outcome;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What each handler calls, with which credential, and what each answer means.
class HandlerTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
  private static final InstantSource CLOCK = InstantSource.fixed(NOON);
  private static final Secret SECRET = new Secret("a secret that nobody may see");
  private static final RSAKey CERTIFIED =
      new RSAKey.Builder(KeyFiles.newRsa())
          .keyID(null)
          .algorithm(JWSAlgorithm.PS256)
          .x509CertSHA256Thumbprint(new Base64URL("dGh1bWI"))
          .build();
  private static final List<String> HANDLERS =
      List.of("entra", "okta", "okta-service", "keycloak", "verify", "webhook-siem");

  private static Stand stand;

  @BeforeAll
  static void start() {
    stand = new Stand(_ -> Stand.Said.of(500));
  }

  @AfterAll
  static void stop() {
    stand.close();
  }

  @BeforeEach
  void forget() {
    stand.asked.clear();
    stand.answer(HandlerTest::usual);
  }

  private static Stand.Said usual(Stand.Asked asked) {
    return asked.isToken()
        ? Stand.Said.json("{\"access_token\":\"t0k3n\",\"expires_in\":3600}")
        : Stand.Said.of(204);
  }

  private static SessionHandler handler(String name) {
    URI base = stand.base();
    IdentityProvider provider =
        switch (name) {
          case "entra" -> entra(new ClientProof.Password(SECRET), false);
          case "entra-certificate" -> entra(new ClientProof.Key(CERTIFIED), false);
          case "entra-guests" -> entra(new ClientProof.Password(SECRET), true);
          case "okta" ->
              new IdentityProvider.Okta(
                  "okta", base, new IdentityProvider.OktaAccess.ApiToken(SECRET), false);
          case "okta-service" ->
              new IdentityProvider.Okta(
                  "okta-service",
                  base,
                  new IdentityProvider.OktaAccess.Service(
                      "svc", new ClientProof.Key(KeyFiles.newEc())),
                  true);
          case "keycloak", "webhook-siem", "sts", "broker" ->
              new IdentityProvider.Keycloak(
                  "keycloak", base, "staff", "receiver", new ClientProof.Password(SECRET));
          case "verify" ->
              new IdentityProvider.Verify(
                  "verify",
                  base,
                  base.resolve("/oauth2/token"),
                  "receiver",
                  new ClientProof.Password(SECRET));
          default -> throw new IllegalArgumentException(name);
        };
    var config =
        new ReceiverConfig(
            Listener.loopback(0),
            "receiver",
            base,
            World.AUDIENCE,
            World.STS_ISSUER,
            base,
            Optional.of(base),
            List.of(provider),
            List.of(new ReceiverConfig.Hook("siem", base.resolve("/hook"), Set.of(), SECRET)),
            List.of(),
            ReceiverConfig.Retry.USUAL,
            Duration.ofDays(7));
    String wanted = name.startsWith("entra") ? "entra" : name;
    return ReceiverBox.handlers(config, KeyFiles.newEc(), new WireClient(), CLOCK).stream()
        .filter(handler -> handler.name().equals(wanted))
        .findFirst()
        .orElseThrow();
  }

  private static IdentityProvider entra(ClientProof proof, boolean checksGuests) {
    return new IdentityProvider.Entra(
        "entra",
        stand.base().resolve("/tenant/token"),
        stand.base(),
        "https://graph.microsoft.com/.default",
        "app",
        proof,
        checksGuests);
  }

  private static Ending ending(String id) {
    return new Ending(
        Person.of("a|" + id), "txn-1", "set-1", EventTypes.SESSION_REVOKED, NOON.minusSeconds(2));
  }

  /// What the place answers, and what that means.
  static final List<Row> ANSWERS =
      List.of(
          new Row("done", 204, Map.of(), new Outcome.Ended("", 204)),
          new Row(
              "401: the credential is not accepted",
              401,
              Map.of(),
              new Outcome.Failed("not_allowed", 401, "", Optional.empty())),
          new Row(
              "403: it lacks a right",
              403,
              Map.of(),
              new Outcome.Failed("not_allowed", 403, "", Optional.empty())),
          new Row(
              "429 with seconds",
              429,
              Map.of("Retry-After", "17"),
              new Outcome.Failed("too_many", 429, "", Optional.of(Duration.ofSeconds(17)))),
          new Row(
              "429 with a date",
              429,
              Map.of("Retry-After", "Thu, 01 Jan 2026 12:00:30 GMT"),
              new Outcome.Failed("too_many", 429, "", Optional.of(Duration.ofSeconds(30)))),
          new Row(
              "500", 500, Map.of(), new Outcome.Failed("place_fails", 500, "", Optional.empty())),
          new Row("418", 418, Map.of(), new Outcome.Failed("refused", 418, "", Optional.empty())));

  @ParameterizedTest(name = "{0}")
  @FieldSource("ANSWERS")
  void eachAnswerHasItsOutcomeAtEveryPlace(Row row) {
    for (String name : HANDLERS) {
      stand.answer(
          asked -> asked.isToken() ? usual(asked) : new Stand.Said(row.status, "", row.headers));

      Outcome outcome = handler(name).end(ending("00u1"));

      switch (row.expected) {
        case Outcome.Failed(String error, int status, _, Optional<Duration> notBefore) -> {
          assertThat(outcome).as(name).isInstanceOf(Outcome.Failed.class);
          var failed = (Outcome.Failed) outcome;
          assertThat(failed.error()).as(name).isEqualTo(error);
          assertThat(failed.status()).as(name).isEqualTo(status);
          assertThat(failed.notBefore()).as(name).isEqualTo(notBefore);
          assertThat(failed.advice().isEmpty()).as(name).isEqualTo(status != 401 && status != 403);
        }
        default -> assertThat(outcome).as(name).isInstanceOf(row.expected.getClass());
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("ANSWERS")
  void eachAnswerHasItsOutcomeAtOurOwnPlaces(Row row) {
    for (String name : List.of("sts", "broker")) {
      boolean isDone = row.expected instanceof Outcome.Ended;
      stand.answer(_ ->
          isDone && name.equals("broker")
              ? Stand.Said.json("{\"data\":{\"revoked\":2}}")
              : new Stand.Said(row.status, "", row.headers));

      Outcome outcome = handler(name).end(ending("00u1"));

      if (row.expected instanceof Outcome.Failed(String error, int status, _, var notBefore)) {
        assertThat(outcome).as(name).isInstanceOf(Outcome.Failed.class);
        var failed = (Outcome.Failed) outcome;
        assertThat(failed.error()).as(name).isEqualTo(error);
        assertThat(failed.status()).as(name).isEqualTo(status);
        assertThat(failed.notBefore()).as(name).isEqualTo(notBefore);
      } else {
        assertThat(outcome).as(name).isInstanceOf(Outcome.Ended.class);
      }
    }
    assertThat(stand.asked)
        .allSatisfy(asked -> assertThat(asked.header("x-countersign-presenter")).isNotEmpty());
  }

  @Test
  void aPlaceOfOursThatAnswersSomethingElseHasEndedNothing() {
    stand.answer(_ -> Stand.Said.of(404));
    for (String name : List.of("sts", "broker")) {
      assertThat(handler(name).end(ending("00u1"))).as(name).isInstanceOf(Outcome.Failed.class);
    }
    for (String body : List.of("", "{}", "{\"data\":{\"revoked\":\"all\"}}", "no json")) {
      stand.answer(_ -> new Stand.Said(200, body, Map.of()));
      assertThat(handler("broker").end(ending("00u1"))).as(body).isInstanceOf(Outcome.Failed.class);
    }
  }

  @Test
  void anUnknownPersonIsNothingToEnd() {
    stand.answer(asked -> asked.isToken() ? usual(asked) : Stand.Said.of(404));

    for (String name : List.of("entra", "okta", "okta-service", "keycloak", "verify")) {
      assertThat(handler(name).end(ending("00u1"))).as(name).isEqualTo(new Outcome.NotFound(404));
    }
  }

  @Test
  void aHookThatIsNotThereIsAFaultAndOneThatIsGoneIsOver() {
    stand.answer(_ -> Stand.Said.of(404));
    assertThat(handler("webhook-siem").end(ending("x"))).isInstanceOf(Outcome.Failed.class);

    stand.answer(_ -> Stand.Said.of(410));
    assertThat(handler("webhook-siem").end(ending("x")))
        .isEqualTo(new Outcome.Impossible("gone", 410));
  }

  @ParameterizedTest
  @ValueSource(strings = {"../x", "a/b", "", "a?b", "a%2fb", "a b", "é"})
  void anIdThatCouldChangeTheAddressIsNeverCalled(String id) {
    for (String name : List.of("entra", "okta", "okta-service", "keycloak", "verify")) {
      assertThat(handler(name).end(ending(id)))
          .as(name)
          .isEqualTo(new Outcome.Impossible("malformed_id", 0));
    }
    assertThat(stand.asked).isEmpty();
  }

  @Test
  void aClientThatIsNotAcceptedIsToldWithWhatToMend() {
    stand.answer(asked -> Stand.Said.of(asked.isToken() ? 400 : 204));

    for (String name : List.of("entra", "okta-service", "keycloak", "verify")) {
      Outcome outcome = handler(name).end(ending("00u1"));

      assertThat(outcome).as(name).isInstanceOf(Outcome.Failed.class);
      assertThat(((Outcome.Failed) outcome).advice()).as(name).isNotEmpty();
    }
  }

  @Test
  void aPlaceThatIsAwayIsTriedAgain() {
    SessionHandler keycloak = handler("keycloak");
    Stand before = stand;
    before.close();
    try {
      assertThatExceptionOfType(UnavailableException.class)
          .isThrownBy(() -> keycloak.end(ending("x")));
    } finally {
      start();
    }
  }

  @Test
  void aTokenThatIsRefusedIsNotUsedAgain() {
    SessionHandler entra = handler("entra");
    stand.answer(asked -> asked.isToken() ? usual(asked) : Stand.Said.of(401));
    entra.end(ending("x"));
    stand.answer(HandlerTest::usual);

    assertThat(entra.end(ending("x"))).isInstanceOf(Outcome.Ended.class);
    entra.end(ending("y"));
    assertThat(stand.asked.stream().filter(Stand.Asked::isToken)).hasSize(2);
  }

  @Test
  void keycloakLogsOutByTheAdminApi() {
    handler("keycloak").end(ending("u-1"));

    assertThat(stand.asked.getFirst().path())
        .isEqualTo("/realms/staff/protocol/openid-connect/token");
    assertThat(stand.asked.getLast().method()).isEqualTo("POST");
    assertThat(stand.asked.getLast().path()).isEqualTo("/admin/realms/staff/users/u-1/logout");
    assertThat(stand.asked.getLast().header("authorization")).isEqualTo("Bearer t0k3n");
  }

  @Test
  void verifyDeletesSessionsByTheUsersIdThere() {
    handler("verify").end(ending("50abc"));

    assertThat(stand.asked.getLast().method()).isEqualTo("DELETE");
    assertThat(stand.asked.getLast().path()).isEqualTo("/v1.0/auth/sessions/50abc");
  }

  @Test
  void oktaIsAskedForItsTokensTooAndForUniversalLogout() {
    handler("okta").end(ending("00u1"));
    assertThat(stand.asked.getLast().path())
        .isEqualTo("/api/v1/users/00u1/sessions?oauthTokens=true");
    assertThat(stand.asked.getLast().header("authorization")).isEqualTo("SSWS " + SECRET.reveal());

    stand.asked.clear();
    assertThat(handler("okta-service").end(ending("00u1")))
        .isEqualTo(new Outcome.Ended("ended, logged out everywhere", 204));
    assertThat(stand.asked.stream().map(Stand.Asked::path))
        .containsExactly(
            "/oauth2/v1/token",
            "/api/v1/users/00u1/sessions?oauthTokens=true",
            "/oauth2/v1/global-token-revocation");
    assertThat(stand.asked.getFirst().body())
        .contains("client_assertion=", "okta.universalLogout.manage")
        .doesNotContain("client_secret");
    assertThat(
            StrictJson.parseObject(stand.asked.getLast().body().getBytes(StandardCharsets.UTF_8))
                .path("sub_id")
                .toString())
        .isEqualTo("{\"format\":\"opaque\",\"id\":\"00u1\"}");
  }

  @Test
  void entraIsProvenByACertificate() throws Exception {
    handler("entra-certificate").end(ending("oid-1"));

    String form = stand.asked.getFirst().body();
    String assertion =
        URLDecoder.decode(
            form.replaceAll(".*client_assertion=([^&]*).*", "$1"), StandardCharsets.UTF_8);
    JWSObject jws = JWSObject.parse(assertion);
    assertThat(jws.getHeader().getAlgorithm().getName()).isEqualTo("PS256");
    assertThat(jws.getHeader().getX509CertSHA256Thumbprint().toString()).isEqualTo("dGh1bWI");
    assertThat(jws.getHeader().getKeyID()).isNull();
    assertThat(jws.verify(new RSASSAVerifier(CERTIFIED.toPublicJWK()))).isTrue();
    Map<String, Object> claims = jws.getPayload().toJSONObject();
    assertThat(claims)
        .containsEntry("iss", "app")
        .containsEntry("sub", "app")
        .containsEntry("aud", stand.base() + "/tenant/token");
    assertThat(form).doesNotContain("client_secret");
  }

  @Test
  void aGuestIsRevokedHereAndToldToBeSignedInElsewhere() {
    stand.answer(asked ->
        asked.method().equals("GET") ? Stand.Said.json("{\"userType\":\"Guest\"}") : usual(asked));
    assertThat(handler("entra-guests").end(ending("oid")))
        .isEqualTo(new Outcome.Impossible("guest_of_another_tenant", 200));
    assertThat(stand.asked.stream().map(Stand.Asked::path))
        .contains("/v1.0/users/oid/revokeSignInSessions");

    stand.answer(asked ->
        asked.method().equals("GET") ? Stand.Said.json("{\"userType\":\"Member\"}") : usual(asked));
    assertThat(handler("entra-guests").end(ending("oid"))).isInstanceOf(Outcome.Ended.class);
  }

  @Test
  void aWebhookIsSignedAndHasTheSameIdEveryTime() throws Exception {
    handler("webhook-siem").end(ending("00u1"));
    handler("webhook-siem").end(ending("00u1"));

    Stand.Asked first = stand.asked.getFirst();
    String signed =
        first.header("webhook-id") + "." + first.header("webhook-timestamp") + "." + first.body();
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(SECRET.reveal().getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
    assertThat(first.header("webhook-signature"))
        .isEqualTo(
            "v1,"
                + Base64.getEncoder()
                    .encodeToString(mac.doFinal(signed.getBytes(StandardCharsets.UTF_8))));
    assertThat(first.header("webhook-timestamp")).isEqualTo("" + NOON.getEpochSecond());
    assertThat(stand.asked.getLast().header("webhook-id")).isEqualTo(first.header("webhook-id"));
    assertThat(first.body()).contains("a|00u1", "txn-1", EventTypes.SESSION_REVOKED);
  }

  @Test
  void eachHandlerSaysWhatItWouldCallWithoutASecretAndWhatItCannotEnd() {
    for (String name : HANDLERS) {
      SessionHandler handler = handler(name);

      assertThat(handler.calls(Person.of("a|00u1"))).as(name).isNotEmpty();
      assertThat(String.join("\n", handler.calls(Person.of("a|00u1"))))
          .as(name)
          .doesNotContain(SECRET.reveal());
      assertThat(handler.limits()).as(name).isNotBlank();
    }
    assertThat(stand.asked).isEmpty();
    assertThat(Objects.toString(new ClientProof.Key(CERTIFIED))).isEqualTo("Key[redacted]");
  }

  record Row(String name, int status, Map<String, String> headers, Outcome expected) {
    @Override
    public String toString() {
      return name;
    }
  }
}
