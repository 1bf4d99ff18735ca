package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import dev.countersign.sts.box.StsBox;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

class ExchangeTest {
  private static final World WORLD = new World();

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @Test
  void issuesATokenForARefundWithinTheLimit() {
    Person person = WORLD.person();

    Answer answer = WORLD.exchange(person, 4999);

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("cache-control")).isEqualTo("no-store");
    assertThat(answer.text("issued_token_type")).isEqualTo(TokenTypes.ACCESS_TOKEN_URN);
    assertThat(answer.text("token_type")).isEqualTo("Bearer");
    assertThat(answer.json().path("expires_in").intValue()).isEqualTo(60);
    assertThat(answer.text("scope")).isEqualTo("refund:write");
    assertThat(StrictJson.canonical(answer.json().path("authorization_details")))
        .isEqualTo(AuthorizationDetails.parse(World.refund(4999)).canonical());
  }

  @Test
  void theTokenSaysWhoWhatForWhomAndHowLong() {
    Person person = WORLD.person();
    String subjectToken = WORLD.token(person);
    Answer answer = WORLD.post(WORLD.exchangeForm(subjectToken, World.refund(100)));
    String token = answer.text("access_token");

    assertThat(World.header(token).path("typ").stringValue()).isEqualTo("at+jwt");
    assertThat(World.header(token).path("alg").stringValue()).isEqualTo("ES256");
    ObjectNode claims = World.claims(token);
    assertThat(claims.path("iss").stringValue()).isEqualTo(WORLD.issuer);
    assertThat(claims.path("sub").stringValue()).isEqualTo(person.key());
    assertThat(StrictJson.write(claims.path("sub_id")))
        .isEqualTo(
            "{\"format\":\"iss_sub\",\"iss\":\"%s\",\"sub\":\"%s\"}"
                .formatted(WORLD.okta.issuer(), person.id()));
    assertThat(claims.path("aud").stringValue()).isEqualTo(World.RESOURCE);
    assertThat(claims.path("client_id").stringValue()).isEqualTo("gateway");
    assertThat(claims.path("act").path("sub").stringValue()).isEqualTo("gateway");
    assertThat(claims.path("iat").longValue()).isEqualTo(World.NOON.getEpochSecond());
    assertThat(claims.path("exp").longValue()).isEqualTo(World.NOON.getEpochSecond() + 60);
    assertThat(claims.path("jti").stringValue()).isEqualTo(answer.text("jti"));
    assertThat(claims.path("auth_time").longValue())
        .isEqualTo(World.claims(subjectToken).path("auth_time").longValue());
    assertThat(claims.path("policy_version").stringValue()).isNotEmpty();
    assertThat(claims.has("acr")).isFalse();
  }

  @Test
  void theTokenVerifiesWithThePublishedKeys() {
    String token = WORLD.exchange(WORLD.person(), 100).text("access_token");
    String keys = WORLD.send("GET", "/oauth2/jwks", null).body();

    var verifier =
        new JwtVerifier(
            JwtRules.own(WORLD.issuer, World.RESOURCE, TokenTypes.ACCESS_TOKEN),
            dev.countersign.protocol.KeySource.of(
                dev.countersign.protocol.VerificationKeys.parse(StrictJson.parseObject(keys))),
            WORLD.clock);

    assertThat(verifier.verify(token)).isInstanceOf(JwtCheck.Verified.class);
    assertThat(keys).doesNotContain("\"d\"").contains("\"use\":\"sig\"");
  }

  @Test
  void takesTheLimitFromTheAttributeStoreWhereTheTokenIsSilent() {
    String oid = "oid-" + ForeignIssuer.id();
    StsBox.attributes(WORLD.database)
        .upsert("entra|" + oid, "refund_limit", StrictJson.parse("5000"), "import", World.NOON);
    var form = entraForm(WORLD.entraClaims(oid));

    assertThat(WORLD.post(form).status()).isEqualTo(200);
    assertThat(
            World.claims(WORLD.post(entraForm(WORLD.entraClaims(oid))).text("access_token"))
                .path("sub")
                .stringValue())
        .isEqualTo("entra|" + oid);
  }

  @Test
  void theTokenNeverOutlivesTheSubjectToken() {
    ObjectNode claims =
        WORLD.oktaClaims(WORLD.person()).put("exp", World.NOON.getEpochSecond() + 20);

    Answer answer = WORLD.post(WORLD.exchangeForm(WORLD.okta.sign(claims), World.refund(100)));

    assertThat(answer.json().path("expires_in").intValue()).isEqualTo(20);
    assertThat(World.claims(answer.text("access_token")).path("exp").longValue())
        .isEqualTo(World.NOON.getEpochSecond() + 20);
  }

  @Test
  void deniesWhatPolicyDeniesAndSaysWhy() {
    Person person = WORLD.person();
    var form =
        WORLD.exchangeForm(
            WORLD.token(person),
            "[{\"type\":\"urn:smt:agent:case\",\"operationDetails\":{\"action\":\"export_customers\"}}]");

    Answer answer = WORLD.post(form);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text("error")).isEqualTo("access_denied");
    assertThat(answer.json().path("reasons").get(0).stringValue())
        .isEqualTo("exporting customers is blocked for everyone");
    assertThat(answer.json().has("access_token")).isFalse();
    var entry = WORLD.entries(LedgerEvent.EXCHANGE_DENIED, person.key()).getFirst();
    assertThat(entry.jti()).isEqualTo(answer.text("jti"));
    assertThat(entry.data().path("reason").stringValue()).contains("blocked for everyone");
  }

  @Test
  void deniesWhenTheLimitOfThePersonIsNotKnown() {
    ObjectNode claims = WORLD.oktaClaims(WORLD.person());
    claims.remove("refund_limit");

    Answer answer = WORLD.post(WORLD.exchangeForm(WORLD.okta.sign(claims), World.refund(100)));

    assertThat(answer.text("error")).isEqualTo("access_denied");
  }

  @Test
  void thePermittedExchangeIsInTheLedgerUnderTheTokensId() {
    Person person = WORLD.person();

    Answer answer = WORLD.exchange(person, 100);

    var entry = WORLD.entries(LedgerEvent.EXCHANGE_PERMITTED, person.key()).getFirst();
    assertThat(entry.jti()).isEqualTo(answer.text("jti"));
    assertThat(entry.data().path("client_id").stringValue()).isEqualTo("gateway");
    assertThat(entry.data().path("authorization_details").isArray()).isTrue();
    assertThat(entry.data().path("matches").get(0).path("rule").stringValue())
        .isEqualTo("refund-within-limit");
  }

  /// What is changed in a good request, and what must come of it.
  static final Row[] REFUSALS = {
    new Row(
        "C04 a scope that the client does not have", f -> f.put("scope", "admin"), "invalid_scope"),
    new Row("C04 a scope twice", f -> f.put("scope", "case:read case:read"), "invalid_scope"),
    new Row(
        "C04 two blanks between scopes",
        f -> f.put("scope", "case:read  refund:write"),
        "invalid_scope"),
    new Row(
        "C04 a control character in scope",
        f -> f.put("scope", "case:read\u0007"),
        "invalid_scope"),
    new Row("C04 no scope where there are several", f -> f.remove("scope"), "invalid_scope"),
    new Row(
        "C05 another resource",
        f -> f.put("resource", "https://elsewhere.example/"),
        "invalid_target"),
    new Row("C05 a trailing slash", f -> f.put("resource", World.RESOURCE + "/"), "invalid_target"),
    new Row("C05 a fragment", f -> f.put("resource", World.RESOURCE + "#x"), "invalid_target"),
    new Row("C05 a relative resource", f -> f.put("resource", "/mcp"), "invalid_target"),
    new Row("C05 resource and audience", f -> f.put("audience", World.RESOURCE), "invalid_target"),
    new Row(
        "C10 an actor token without type", f -> f.put("actor_token", "a.b.c"), "invalid_request"),
    new Row(
        "C10 an actor type without token",
        f -> f.put("actor_token_type", "urn:x"),
        "invalid_request"),
    new Row(
        "C12 a refresh token asked for",
        f -> f.put("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"),
        "invalid_request"),
    new Row(
        "C13 the type says ours, the token is foreign",
        f -> f.put("subject_token_type", TokenTypes.ACCESS_TOKEN_URN),
        "invalid_request"),
    new Row(
        "C13 the type says the other anchor",
        f -> f.put("subject_token_type", World.ENTRA_TYPE),
        "invalid_request"),
    new Row(
        "C13 an unknown type",
        f -> f.put("subject_token_type", "urn:unknown:type"),
        "invalid_request"),
    new Row("TX-02 no subject token", f -> f.remove("subject_token"), "invalid_request"),
    new Row("TX-02 no subject token type", f -> f.remove("subject_token_type"), "invalid_request"),
    new Row(
        "BA-02 an empty parameter is an absent one",
        f -> f.put("subject_token", ""),
        "invalid_request"),
    new Row("no grant type", f -> f.remove("grant_type"), "invalid_request"),
    new Row("another grant type", f -> f.put("grant_type", "password"), "unsupported_grant_type"),
    new Row(
        "a grant that is not this client's",
        f -> f.put("grant_type", "client_credentials"),
        "unauthorized_client"),
    new Row("no details", f -> f.remove("authorization_details"), "invalid_authorization_details"),
    new Row("D01 an object", details("{}"), "invalid_authorization_details"),
    new Row("D01 an empty array", details("[]"), "invalid_authorization_details"),
    new Row("D01 null", details("null"), "invalid_authorization_details"),
    new Row("D01 a text", details("\"x\""), "invalid_authorization_details"),
    new Row(
        "D01 nested deep",
        details("[".repeat(2000) + "]".repeat(2000)),
        "invalid_authorization_details"),
    new Row(
        "D01 a thousand objects",
        details("[" + "{\"type\":\"x\"},".repeat(999) + "{\"type\":\"x\"}]"),
        "invalid_authorization_details"),
    new Row(
        "D02 an unknown type",
        details(World.refund(100).replace("agent:refund", "agent:payout")),
        "invalid_authorization_details"),
    new Row("D02 no type", details("[{\"operationDetails\":{}}]"), "invalid_authorization_details"),
    new Row("D02 a number as type", details("[{\"type\":7}]"), "invalid_authorization_details"),
    new Row(
        "D03 an unknown member",
        details(World.refund(100).replace("{\"currency\"", "{\"note\":\"x\",\"currency\"")),
        "invalid_authorization_details"),
    new Row(
        "D04 a name twice",
        details(World.refund(100).replace("\"amount\":100", "\"amount\":100,\"amount\":1")),
        "invalid_authorization_details"),
    new Row(
        "D04 a name twice, escaped",
        details(World.refund(100).replace("\"amount\":100", "\"amount\":100,\"\\u0061mount\":1")),
        "invalid_authorization_details"),
    new Row("D05 8000.0", amount("8000.0"), "invalid_authorization_details"),
    new Row("D05 8e3", amount("8e3"), "invalid_authorization_details"),
    new Row("D05 08", amount("08"), "invalid_authorization_details"),
    new Row("D05 +8000", amount("+8000"), "invalid_authorization_details"),
    new Row("D05 -0", amount("-0"), "invalid_authorization_details"),
    new Row("D06 a text as amount", amount("\"8000\""), "invalid_authorization_details"),
    new Row("D06 true as amount", amount("true"), "invalid_authorization_details"),
    new Row("D06 null as amount", amount("null"), "invalid_authorization_details"),
    new Row("D06 an array as amount", amount("[8000]"), "invalid_authorization_details"),
    new Row("D07 a negative amount", amount("-1"), "invalid_authorization_details"),
    new Row("D07 1e400", amount("1e400"), "invalid_authorization_details"),
    new Row(
        "D10 __proto__",
        details(World.refund(100).replace("{\"currency\"", "{\"__proto__\":{},\"currency\"")),
        "invalid_authorization_details"),
  };

  private static Consumer<Map<String, String>> details(String text) {
    return form -> form.put("authorization_details", text);
  }

  private static Consumer<Map<String, String>> amount(String text) {
    return details(World.refund(100).replace("\"amount\":100", "\"amount\":" + text));
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("REFUSALS")
  void refuses(Row row) {
    var form = WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100));
    row.change().accept(form);
    int before = WORLD.ledger.size();

    Answer answer = WORLD.post(form);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text("error")).isEqualTo(row.error());
    assertThat(answer.json().has("access_token")).isFalse();
    assertThat(answer.text("error_description")).matches("[ !#-\\[\\]-~]+");
    assertThat(WORLD.ledger).hasSize(before + 1);
    var entry = WORLD.ledger.getLast();
    assertThat(entry.event()).isEqualTo(LedgerEvent.EXCHANGE_REFUSED);
    assertThat(entry.jti()).isEqualTo(answer.text("jti"));
    assertThat(entry.data().path("reason").stringValue()).isNotEmpty();
  }

  @Test
  void C04_aClientGetsNoTypeThatItIsNotRegisteredFor() {
    var form = WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100));
    form.put("client_assertion", WORLD.assertion("other"));

    assertThat(WORLD.post(form).text("error")).isEqualTo("invalid_authorization_details");
  }

  @Test
  void C03_aClientActsOnlyForPeopleOfItsAnchors() {
    var form = entraForm(WORLD.entraClaims("oid-1"));
    form.put("client_assertion", WORLD.assertion("other"));
    form.put(
        "authorization_details",
        "[{\"type\":\"urn:smt:agent:case\",\"operationDetails\":{\"action\":\"list_cases\"}}]");

    assertThat(WORLD.post(form).text("error_description")).contains("trust anchor");
  }

  @Test
  void C17_refusesAParameterTwice() {
    for (String name :
        new String[] {"subject_token", "scope", "authorization_details", "resource"}) {
      var form = WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100));
      String body =
          World.encoded(form) + "&" + name + "=" + World.encode(form.getOrDefault(name, ""));

      Answer answer =
          WORLD.send(
              "POST", "/oauth2/token", body, "Content-Type", "application/x-www-form-urlencoded");

      assertThat(answer.status()).as(name).isEqualTo(400);
      assertThat(answer.text("error"))
          .isEqualTo(name.equals("resource") ? "invalid_target" : "invalid_request");
    }
  }

  @Test
  void C17_refusesParametersInTheQuery() {
    var form = WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100));

    Answer answer =
        WORLD.send(
            "POST",
            "/oauth2/token?scope=case:read",
            World.encoded(form),
            "Content-Type",
            "application/x-www-form-urlencoded");

    assertThat(answer.text("error")).isEqualTo("invalid_request");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/x-www-form-urlencoded; charset=utf-16"
      })
  void C18_refusesAnotherContentType(String type) {
    var form = WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100));
    int before = WORLD.ledger.size();

    Answer answer = WORLD.send("POST", "/oauth2/token", World.encoded(form), "Content-Type", type);

    assertThat(answer.status()).isEqualTo(415);
    assertThat(answer.body()).doesNotContain("access_token");
    assertThat(WORLD.ledger).hasSize(before + 1);
  }

  @Test
  void C18_refusesAHugeBody() {
    Answer answer =
        WORLD.send(
            "POST",
            "/oauth2/token",
            "x=" + "a".repeat(200_000),
            "Content-Type",
            "application/x-www-form-urlencoded");

    assertThat(answer.status()).isEqualTo(413);
  }

  @Test
  void BA_01_takesPostOnly() {
    assertThat(WORLD.send("GET", "/oauth2/token", null).status()).isEqualTo(405);
  }

  @Test
  void theMetadataNamesTheIssuerAndNothingThatIsNotThere() {
    for (String path :
        new String[] {
          "/.well-known/oauth-authorization-server",
          "/.well-known/openid-configuration",
          "/oauth2/.well-known/openid-configuration"
        }) {
      Answer answer = WORLD.send("GET", path, null);

      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.text("issuer")).isEqualTo(WORLD.issuer);
      assertThat(answer.text("token_endpoint")).isEqualTo(WORLD.issuer + "/oauth2/token");
      assertThat(answer.json().path("authorization_details_types_supported").toString())
          .contains(World.REFUND);
      assertThat(answer.json().path("response_types_supported").isArray()).isTrue();
    }
  }

  @Test
  void L15_healthReadinessAndMetricsAnswerAndNameNobody() {
    assertThat(WORLD.send("GET", "/healthz", null).status()).isEqualTo(200);
    assertThat(WORLD.send("GET", "/readyz", null).body()).contains("\"database\":\"up\"");
    var person = WORLD.person();
    WORLD.exchange(person, 100);
    assertThat(WORLD.send("GET", "/metrics", null).body())
        .contains("sts_token_requests_total{outcome=\"issued\"}")
        .doesNotContain(person.key(), person.mail(), "R-884-2233", "Refund desk agent");
  }

  static Map<String, String> entraForm(ObjectNode claims) {
    var form = WORLD.exchangeForm(WORLD.entra.sign(claims), World.refund(100));
    form.put("subject_token_type", World.ENTRA_TYPE);
    return form;
  }

  record Row(String name, Consumer<Map<String, String>> change, String error) {
    @Override
    public String toString() {
      return name;
    }
  }
}
