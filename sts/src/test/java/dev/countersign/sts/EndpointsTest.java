package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.VerificationKeys;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import dev.countersign.sts.clients.ClientOptions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Metadata, introspection, revocation, and the sessions of a person.
class EndpointsTest {
  private static final World WORLD = new World();
  private static final ECKey RESOURCE =
      WORLD.register(
          "resource",
          new ClientOptions(
              Set.of(), false, Set.of(), false, false, false, Set.of(World.RESOURCE), false));
  private static final ECKey DESK = WORLD.register("desk", ClientOptions.none());

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @AfterEach
  void atNoon() {
    WORLD.now.set(World.NOON);
  }

  @Test
  void MD_theMetadataIsTheSameAtEveryPlaceAndNamesWhatThereIs() {
    Answer answer = WORLD.send("GET", "/.well-known/oauth-authorization-server", null);
    ObjectNode json = answer.json();

    assertThat(json.path("issuer").stringValue()).isEqualTo(WORLD.issuer);
    for (String name :
        new String[] {
          "token_endpoint",
          "jwks_uri",
          "userinfo_endpoint",
          "introspection_endpoint",
          "revocation_endpoint"
        }) {
      String address = json.path(name).stringValue();
      assertThat(address).startsWith(WORLD.issuer + "/oauth2/");
      assertThat(WORLD.send("GET", address.substring(WORLD.issuer.length()), null).status())
          .as(name)
          .isNotEqualTo(404);
    }
    assertThat(texts(json.path("grant_types_supported")))
        .contains(
            TokenTypes.TOKEN_EXCHANGE_GRANT, TokenTypes.JWT_BEARER_GRANT, TokenTypes.CIBA_GRANT);
    assertThat(texts(json.path("token_endpoint_auth_methods_supported")))
        .contains("private_key_jwt", "client_secret_basic", "client_secret_post")
        .doesNotContain("none");
    assertThat(texts(json.path("token_endpoint_auth_signing_alg_values_supported")))
        .contains("RS256")
        .doesNotContain("none");
    assertThat(json.has("response_types_supported")).isTrue();
    assertThat(WORLD.send("GET", "/.well-known/openid-configuration", null).body())
        .isEqualTo(answer.body());
  }

  @Test
  void IN_aResourceServerLearnsWhatATokenIs() {
    Person person = WORLD.person();
    Answer issued = WORLD.exchange(person, 100);

    ObjectNode told = introspect("resource", RESOURCE, issued.text("access_token")).json();

    assertThat(told.path("active").booleanValue()).isTrue();
    assertThat(told.path("sub").stringValue()).isEqualTo(person.key());
    assertThat(told.path("client_id").stringValue()).isEqualTo("gateway");
    assertThat(told.path("act").path("sub").stringValue()).isEqualTo("gateway");
    assertThat(told.path("authorization_details"))
        .isEqualTo(issued.json().path("authorization_details"));
    assertThat(told.path("token_type").stringValue()).isEqualTo("Bearer");
  }

  @Test
  void IN_04_aDeadTokenIsInactiveAndNothingMore() {
    Answer issued = WORLD.exchange(WORLD.person(), 100);
    String token = issued.text("access_token");
    String inactive = "{\"active\":false}";

    assertThat(introspect("resource", RESOURCE, "rubbish").body()).isEqualTo(inactive);
    assertThat(introspect("resource", RESOURCE, WORLD.token(WORLD.person())).body())
        .isEqualTo(inactive);
    assertThat(introspect("desk", DESK, token).body())
        .as("another client's token")
        .isEqualTo(inactive);
    WORLD.tick(Duration.ofSeconds(71));
    assertThat(introspect("resource", RESOURCE, token).body()).isEqualTo(inactive);
  }

  @Test
  void IN_06_aStrangerLearnsNothing() {
    var form = new LinkedHashMap<String, String>();
    form.put("token", WORLD.exchange(WORLD.person(), 100).text("access_token"));

    Answer answer = post("/oauth2/introspect", form);

    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.json().has("active")).isFalse();
  }

  @Test
  void IN_theAnswerCanBeSigned() {
    String token = WORLD.exchange(WORLD.person(), 100).text("access_token");
    var form = authenticated("resource", RESOURCE);
    form.put("token", token);

    Answer answer =
        WORLD.send(
            "POST",
            "/oauth2/introspect",
            World.encoded(form),
            "Content-Type",
            "application/x-www-form-urlencoded",
            "Accept",
            "application/token-introspection+jwt");

    assertThat(answer.header("content-type")).contains("token-introspection+jwt");
    ObjectNode claims = World.claims(answer.body());
    assertThat(World.header(answer.body()).path("typ").stringValue())
        .isEqualTo(TokenTypes.INTROSPECTION);
    assertThat(claims.path("aud").stringValue()).isEqualTo("resource");
    assertThat(claims.path("token_introspection").path("active").booleanValue()).isTrue();
    // A15: it is no access token, whatever it holds
    assertThat(introspect("resource", RESOURCE, answer.body()).body())
        .isEqualTo("{\"active\":false}");
    var verifier =
        new JwtVerifier(
            JwtRules.own(WORLD.issuer, "resource", TokenTypes.ACCESS_TOKEN),
            KeySource.of(VerificationKeys.parse(WORLD.send("GET", "/oauth2/jwks", null).json())),
            WORLD.clock);
    assertThat(verifier.verify(answer.body())).isInstanceOf(JwtCheck.Rejected.class);
  }

  @Test
  void RV_aRevokedTokenIsDeadAtOnce() {
    Person person = WORLD.person();
    Answer issued = WORLD.exchange(person, 100);
    String token = issued.text("access_token");
    assertThat(WORLD.userInfo(token).status()).isEqualTo(200);

    assertThat(revoke("gateway", WORLD.gatewayKey, token).status()).isEqualTo(200);

    assertThat(WORLD.userInfo(token).status()).isEqualTo(401);
    assertThat(introspect("resource", RESOURCE, token).body()).isEqualTo("{\"active\":false}");
    assertThat(WORLD.entries(LedgerEvent.TOKEN_REVOKED, person.key())).hasSize(1);
    assertThat(revoke("gateway", WORLD.gatewayKey, token).status()).isEqualTo(200);
    assertThat(revoke("gateway", WORLD.gatewayKey, "rubbish").status()).isEqualTo(200);
  }

  @Test
  void RV_02_anotherClientsTokenIsNotRevoked() {
    String token = WORLD.exchange(WORLD.person(), 100).text("access_token");

    Answer answer = revoke("desk", DESK, token);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(WORLD.userInfo(token).status()).isEqualTo(200);
    assertThat(post("/oauth2/revoke", new LinkedHashMap<>()).status()).isEqualTo(401);
  }

  @Test
  void E01_anAssertionIsGoodOnceAtEveryEndpoint() {
    String token = WORLD.exchange(WORLD.person(), 100).text("access_token");
    var form = authenticated("resource", RESOURCE);
    form.put("token", token);
    assertThat(post("/oauth2/introspect", form).status()).isEqualTo(200);

    assertThat(post("/oauth2/introspect", form).status()).isEqualTo(401);
    assertThat(post("/oauth2/revoke", form).status()).isEqualTo(401);
  }

  @Test
  void aPersonsSessionsAreListedAndEndedOneByOne() {
    Person person = WORLD.person();
    String byGateway = WORLD.exchange(person, 100).text("access_token");
    assertThat(byDesk(person).status()).isEqualTo(200);
    Answer list = sessions("GET", person, null);
    assertThat(list.status()).isEqualTo(200);
    assertThat(list.json().path("sessions").size()).isEqualTo(2);
    String desk = "";
    for (JsonNode session : list.json().path("sessions")) {
      if (session.path("client_id").stringValue().equals("desk")) {
        desk = session.path("sessionId").stringValue();
      }
    }
    WORLD.tick(Duration.ofSeconds(1));

    Answer ended =
        sessions(
            "PATCH",
            person,
            "{\"sessions\":[{\"sessionId\":\"" + desk + "\",\"operation\":\"delete\"}]}");

    assertThat(ended.status()).isEqualTo(204);
    assertThat(byDesk(person).text("error")).isEqualTo("invalid_request");
    assertThat(WORLD.exchange(person, 100).status()).as("with another client").isEqualTo(200);
    assertThat(WORLD.userInfo(byGateway).status()).isEqualTo(200);
    ObjectNode noted = WORLD.entries(LedgerEvent.SESSIONS_ENDED, person.key()).getFirst().data();
    assertThat(noted.path("client_id").stringValue()).isEqualTo("desk");
    ObjectNode later = WORLD.oktaClaims(person).put("auth_time", World.NOON.getEpochSecond() + 2);
    WORLD.tick(Duration.ofSeconds(2));
    assertThat(
            WORLD
                .post(
                    WORLD.by(
                        "desk",
                        DESK,
                        WORLD.exchangeForm(WORLD.okta.sign(later), World.refund(100))))
                .status())
        .as("after a new sign-in")
        .isEqualTo(200);
  }

  @Test
  void onlyARegisteredWorkloadSeesOrEndsSessions() {
    Person person = WORLD.person();
    WORLD.exchange(person, 100);
    String path = "/v1.0/auth/sessions/" + World.encode(person.key());

    assertThat(WORLD.send("GET", path, null).status()).isEqualTo(401);
    assertThat(WORLD.send("PATCH", path, "{}", "Content-Type", "application/json").status())
        .isEqualTo(401);
    assertThat(
            sessions(
                    "PATCH",
                    person,
                    "{\"sessions\":[{\"sessionId\":\"nobodys\",\"operation\":\"delete\"}]}")
                .status())
        .isEqualTo(404);
    assertThat(sessions("PATCH", person, "{\"sessions\":[]}").status()).isEqualTo(400);
  }

  @Test
  void aKillIsSeenEverywhereAtOnce() {
    Person person = WORLD.person();
    String token = WORLD.exchange(person, 100).text("access_token");
    String subjectToken = WORLD.token(person);
    assertThat(WORLD.userInfo(subjectToken).status()).isEqualTo(200);
    WORLD.tick(Duration.ofSeconds(1));

    WORLD.endSessions(person.key(), "txn-kill", WORLD.receiverKey, "receiver");

    assertThat(WORLD.userInfo(token).status()).isEqualTo(401);
    assertThat(WORLD.userInfo(subjectToken).status()).isEqualTo(401);
    assertThat(introspect("resource", RESOURCE, token).body()).isEqualTo("{\"active\":false}");
  }

  @Test
  void RV_07_aRevokedTokenEndsWhatItPaidFor() {
    Answer issued = WORLD.exchange(WORLD.person(), 100);
    String jti = issued.text("jti");
    WORLD.transmitter.status = 503;
    try {
      assertThat(revoke("gateway", WORLD.gatewayKey, issued.text("access_token")).status())
          .isEqualTo(200);
      assertThat(WORLD.transmitter.revoked).doesNotContain(jti);
    } finally {
      WORLD.transmitter.status = 201;
    }
    // The sender's pauses run by the clock of the test.
    World.until(() -> {
      WORLD.tick(Duration.ofSeconds(1));
      return WORLD.transmitter.revoked.contains(jti);
    });
  }

  private static Answer byDesk(Person person) {
    return WORLD.post(
        WORLD.by("desk", DESK, WORLD.exchangeForm(WORLD.token(person), World.refund(100))));
  }

  private static Answer sessions(
      String method, Person person, @org.jspecify.annotations.Nullable String body) {
    return WORLD.send(
        method,
        "/v1.0/auth/sessions/" + World.encode(person.key()),
        body,
        "Content-Type",
        "application/json",
        PresenterAssertion.HEADER,
        new PresenterAssertion.Maker("receiver", WORLD.receiverKey, WORLD.clock)
            .assertion(WORLD.issuer));
  }

  private static Map<String, String> authenticated(String client, ECKey key) {
    var form = new LinkedHashMap<String, String>();
    form.put("client_assertion_type", TokenTypes.JWT_CLIENT_ASSERTION);
    form.put(
        "client_assertion",
        new PresenterAssertion.Maker(client, key, WORLD.clock).assertion(WORLD.issuer));
    return form;
  }

  private static Answer introspect(String client, ECKey key, String token) {
    var form = authenticated(client, key);
    form.put("token", token);
    form.put("token_type_hint", "refresh_token");
    return post("/oauth2/introspect", form);
  }

  private static Answer revoke(String client, ECKey key, String token) {
    var form = authenticated(client, key);
    form.put("token", token);
    return post("/oauth2/revoke", form);
  }

  private static Answer post(String path, Map<String, String> form) {
    return WORLD.send(
        "POST", path, World.encoded(form), "Content-Type", "application/x-www-form-urlencoded");
  }

  private static java.util.List<String> texts(JsonNode array) {
    var texts = new java.util.ArrayList<String>();
    array.forEach(text -> texts.add(text.stringValue()));
    return texts;
  }
}
