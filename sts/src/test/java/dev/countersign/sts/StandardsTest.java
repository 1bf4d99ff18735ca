package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.clients.ClientOptions;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// What the standards demand of the token service in the plain case, one line of each checklist to
/// a row: a good request with one thing changed, and the error that the standard names.
class StandardsTest {
  private static final World WORLD = new World();
  private static final ECKey READER =
      WORLD.register(
          "standards-reader",
          new ClientOptions(
              Set.of(), false, Set.of(), false, false, false, Set.of(World.RESOURCE), false));

  /// Requests that are refused, and as what.
  static final Row[] REQUESTS = {
    new Row("BA_02 an empty parameter is none", "invalid_request", f -> f.put("grant_type", "")),
    new Row("TX_01 without grant_type", "invalid_request", f -> f.remove("grant_type")),
    new Row(
        "BC_04 the password grant", "unsupported_grant_type", f -> f.put("grant_type", "password")),
    new Row(
        "BC_05 a code", "unsupported_grant_type", f -> f.put("grant_type", "authorization_code")),
    new Row("TX_02 without subject_token", "invalid_request", f -> f.remove("subject_token")),
    new Row("TX_02 without its type", "invalid_request", f -> f.remove("subject_token_type")),
    new Row(
        "TX_03 a type without actor_token",
        "invalid_request",
        f -> f.put("actor_token_type", World.OKTA_TYPE)),
    new Row(
        "TX_06 TX_10 a token that is none",
        "invalid_request",
        f -> f.put("subject_token", "e30.e30.e30")),
    new Row(
        "TX_04 RI_01 a fragment", "invalid_target", f -> f.put("resource", World.RESOURCE + "#x")),
    new Row("TX_04 RI_01 no absolute URI", "invalid_target", f -> f.put("resource", "/mcp")),
    new Row(
        "RI_02 AT_07 another resource",
        "invalid_target",
        f -> f.put("resource", "https://elsewhere.example/mcp")),
    new Row("AT_06 a scope of nobody's", "invalid_scope", f -> f.put("scope", "everything:write")),
    new Row("RA_01 an object", "invalid_authorization_details", details("{}")),
    new Row("RA_01 a text", "invalid_authorization_details", details("\"x\"")),
    new Row("RA_01 null", "invalid_authorization_details", details("null")),
    new Row("RA_01 nothing in it", "invalid_authorization_details", details("[]")),
    new Row("RA_02 without type", "invalid_authorization_details", refund(e -> e.remove("type"))),
    new Row(
        "RA_02 a type that is a list",
        "invalid_authorization_details",
        refund(e -> e.putArray("type").add("x"))),
    new Row(
        "RA_07 RA_12 an unknown type",
        "invalid_authorization_details",
        refund(e -> e.put("type", "urn:x:y"))),
    new Row(
        "RA_08 an unknown member",
        "invalid_authorization_details",
        refund(e -> e.put("note", "x"))),
    new Row(
        "RA_08 an unknown member within",
        "invalid_authorization_details",
        refund(e -> operation(e).put("note", "x"))),
    new Row(
        "RA_09 a wrong type",
        "invalid_authorization_details",
        refund(e -> amount(e).put("amount", "100"))),
    new Row(
        "RA_10 a wrong value",
        "invalid_authorization_details",
        refund(e -> amount(e).put("currency", "usd"))),
    new Row(
        "RA_11 a missing member",
        "invalid_authorization_details",
        refund(e -> amount(e).remove("currency"))),
  };

  /// Assertions of a client that prove nobody (RFC 7523): each is `invalid_client`.
  static final Claims[] ASSERTIONS = {
    new Claims("JA_01 without iss", c -> c.remove("iss")),
    new Claims("JA_01 iss is not sub", c -> c.put("sub", "desk")),
    new Claims("JA_02 without sub", c -> c.remove("sub")),
    new Claims("JA_02 without exp", c -> c.remove("exp")),
    new Claims("JA_02 JW_11 exp has passed", c -> c.put("exp", World.NOON.getEpochSecond() - 60)),
    new Claims("JA_02 nbf in the future", c -> c.put("nbf", World.NOON.getEpochSecond() + 60)),
    new Claims("JA_03 JW_08 another aud", c -> c.put("aud", "https://elsewhere.example")),
    new Claims("JA_03 the endpoint as aud", c -> c.put("aud", WORLD.issuer + "/oauth2/token")),
    new Claims("JA_05 without jti", c -> c.remove("jti")),
  };

  /// Headers and spellings of a subject token that no JWT of ours or others may have.
  static final Claims[] HEADERS = {
    new Claims("JW_02 an unknown crit", h -> h.putArray("crit").add("x")),
    new Claims("JW_02 an empty crit", h -> h.putArray("crit")),
    new Claims("JW_03 no alg", h -> h.remove("alg")),
    new Claims("JW_03 AT_01 alg none", h -> h.put("alg", "none")),
    new Claims("JW_03 an alg that the anchor has not", h -> h.put("alg", "PS256")),
    new Claims("JW_07 JW_09 a key of nobody's", h -> h.put("kid", "../../idp-1")),
    new Claims("JW_10 another kind", h -> h.put("typ", "dpop+jwt")),
  };

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("REQUESTS")
  void refusesARequest(Row row) {
    Map<String, String> form = form();
    row.change().accept(form);

    Answer answer = WORLD.post(form);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text("error")).isEqualTo(row.error());
    // BA_07: what RFC 6749 §5.2 allows in an error's description, and nothing else.
    assertThat(answer.text("error_description")).matches("[\\x20-\\x21\\x23-\\x5B\\x5D-\\x7E]+");
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("ASSERTIONS")
  void JA_06_anAssertionThatProvesNobodyIsInvalidClient(Claims row) {
    ObjectNode claims = assertion();
    row.change().accept(claims);

    assertUnknown(new JwtSigner(WORLD.gatewayKey).sign(PresenterAssertion.TYPE, claims));
  }

  @Test
  void JA_04_JA_05_JA_07_aSignatureAUseAndAKindDecideToo() {
    assertUnknown(new JwtSigner(World.ec("gateway-1")).sign(PresenterAssertion.TYPE, assertion()));
    for (String kind : List.of("at+jwt", "dpop+jwt", "secevent+jwt")) {
      assertUnknown(new JwtSigner(WORLD.gatewayKey).sign(kind, assertion()));
    }
    String once = new JwtSigner(WORLD.gatewayKey).sign("JWT", assertion());
    assertThat(WORLD.post(proven(once)).status()).isEqualTo(200);
    assertUnknown(once);
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("HEADERS")
  void refusesASubjectToken(Claims row) {
    ObjectNode header =
        StrictJson.object().put("alg", "RS256").put("typ", "JWT").put("kid", "idp-1");
    row.change().accept(header);
    var form = form();
    form.put(
        "subject_token",
        ForeignIssuer.raw(
            StrictJson.write(header),
            StrictJson.write(WORLD.oktaClaims(WORLD.person())),
            WORLD.okta.key));

    assertThat(WORLD.post(form).text("error")).isEqualTo("invalid_request");
  }

  @Test
  void JW_01_JW_04_JW_05_oneTokenHasOneSpelling() {
    String good = form().getOrDefault("subject_token", "");
    String[] parts = good.split("\\.", -1);
    String claims = new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8);
    String twice =
        ForeignIssuer.raw(
            "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"idp-1\"}",
            claims.replaceFirst("\\{", "{\"aud\":\"x\","),
            WORLD.okta.key);
    for (String token :
        List.of(
            twice,
            good + "=",
            good + ".",
            " " + good + "\n",
            good + ".e30",
            parts[0] + "." + parts[1])) {
      var form = form();
      form.put("subject_token", token);
      assertThat(WORLD.post(form).text("error")).isEqualTo("invalid_request");
    }
  }

  @Test
  void BA_01_BA_02_BA_03_theEndpointTakesOneFormWithOneProof() {
    String type = "application/x-www-form-urlencoded";
    String body = World.encoded(form());

    assertThat(WORLD.send("GET", "/oauth2/token?" + body, null).status()).isIn(404, 405);
    Answer twice =
        WORLD.send("POST", "/oauth2/token", body + "&scope=refund%3Awrite", "Content-Type", type);
    assertThat(twice.text("error")).isEqualTo("invalid_request");
    Answer unknown =
        WORLD.send("POST", "/oauth2/token", World.encoded(form()) + "&x=1", "Content-Type", type);
    assertThat(unknown.status()).as("an unknown parameter is ignored").isEqualTo(200);
    Answer both =
        WORLD.post(
            form(),
            "Authorization",
            "Basic "
                + Base64.getEncoder()
                    .encodeToString("gateway:x".getBytes(StandardCharsets.US_ASCII)));
    assertThat(both.text("error")).isEqualTo("invalid_request");
  }

  @Test
  void TX_12_TX_13_RA_15_theAnswerSaysWhatWasGranted() {
    Answer answer = WORLD.post(form());

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("content-type")).startsWith("application/json");
    assertThat(answer.text("issued_token_type")).isEqualTo(TokenTypes.ACCESS_TOKEN_URN);
    assertThat(answer.text("token_type")).isEqualTo("Bearer");
    assertThat(answer.text("scope")).isEqualTo("refund:write");
    assertThat(answer.json().path("expires_in").intValue()).isBetween(1, 60);
    assertThat(answer.json().path("authorization_details"))
        .isEqualTo(StrictJson.parse(World.refund(100)));
    assertThat(answer.json().has("refresh_token")).as("TX_15").isFalse();
  }

  @Test
  void AT_01_AT_02_AT_03_AT_06_AT_08_RA_16_theTokenIsAnRfc9068Token() {
    String token = WORLD.post(form()).text("access_token");
    ObjectNode claims = World.claims(token);

    assertThat(World.header(token).path("typ").stringValue()).isEqualTo("at+jwt");
    assertThat(World.header(token).path("alg").stringValue())
        .isIn("ES256", "EdDSA", "RS256", "PS256");
    for (String name : List.of("iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope")) {
      assertThat(claims.has(name)).as(name).isTrue();
    }
    assertThat(claims.path("iss").stringValue()).isEqualTo(WORLD.issuer);
    assertThat(claims.path("aud").stringValue())
        .as("BC_02: one audience")
        .isEqualTo(World.RESOURCE);
    assertThat(claims.path("jti").stringValue())
        .as("BA_08: 128 bits or more")
        .hasSizeGreaterThanOrEqualTo(22);
    assertThat(claims.path("authorization_details")).isEqualTo(StrictJson.parse(World.refund(100)));
    String subject = claims.path("sub").stringValue();
    assertThat(claims.path("sub_id").path("sub").stringValue())
        .as("SI_04: both name the same person")
        .isEqualTo(subject.substring(subject.indexOf('|') + 1));
  }

  @Test
  void AT_15_aTokenForOneResourceIsForNoOther() {
    Answer issued = WORLD.post(form());
    var asked = authenticated("other", WORLD.otherKey);
    asked.put("token", issued.text("access_token"));

    assertThat(post("/oauth2/introspect", asked).body())
        .as("IN_05, IN_08: this one may not ask about it")
        .isEqualTo("{\"active\":false}");
  }

  @Test
  void MD_01_MD_02_MD_03_MD_04_MD_05_theMetadataSayWhatThereIs() {
    Answer answer = WORLD.send("GET", "/.well-known/oauth-authorization-server", null);
    ObjectNode told = answer.json();

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("content-type")).startsWith("application/json");
    assertThat(told.path("issuer").stringValue()).isEqualTo(WORLD.issuer);
    for (String name :
        List.of(
            "token_endpoint", "jwks_uri", "response_types_supported", "grant_types_supported")) {
      assertThat(told.has(name)).as(name).isTrue();
    }
    for (String name : List.of("token_endpoint", "introspection_endpoint", "revocation_endpoint")) {
      JsonNode algorithms = told.path(name + "_auth_signing_alg_values_supported");
      assertThat(texts(algorithms)).as(name).contains("RS256").doesNotContain("none");
    }
    told.properties().stream()
        .filter(member -> member.getValue().isArray())
        .filter(member -> !member.getKey().equals("response_types_supported"))
        .forEach(member -> assertThat(member.getValue().isEmpty()).as(member.getKey()).isFalse());
    ObjectNode keys =
        WORLD.sendTo(URI.create(told.path("jwks_uri").stringValue()), "GET", null).json();
    for (JsonNode key : keys.path("keys")) {
      assertThat(key.path("use").stringValue()).isEqualTo("sig");
      for (String secret : List.of("d", "p", "q", "k")) {
        assertThat(key.has(secret)).as("JW_14").isFalse();
      }
    }
  }

  @Test
  void IN_01_IN_02_IN_03_RA_17_introspectionTellsItsResource() {
    Answer issued = WORLD.post(form());
    var asked = authenticated("standards-reader", READER);
    asked.put("token", issued.text("access_token"));
    asked.put("token_type_hint", "refresh_token");

    ObjectNode told = post("/oauth2/introspect", asked).json();

    assertThat(told.path("active").booleanValue()).isTrue();
    assertThat(told.path("authorization_details")).isEqualTo(StrictJson.parse(World.refund(100)));
    assertThat(told.path("act").isObject()).as("TX_20").isTrue();
    asked.remove("client_assertion");
    asked.remove("client_assertion_type");
    assertThat(post("/oauth2/introspect", asked).status()).isEqualTo(401);
  }

  @Test
  void RV_01_RV_05_RV_06_aRevokedTokenIsDeadAtOnce() {
    Answer issued = WORLD.post(form());
    String token = issued.text("access_token");
    var asked = authenticated("gateway", WORLD.gatewayKey);
    asked.put("token", token);
    asked.put("token_type_hint", "nonsense");
    assertThat(WORLD.userInfo(token).status()).isEqualTo(200);

    assertThat(post("/oauth2/revoke", asked).status()).isEqualTo(200);

    assertThat(WORLD.userInfo(token).status()).isEqualTo(401);
    asked.put("client_assertion", "e30.e30.e30");
    assertThat(post("/oauth2/revoke", asked).status()).isEqualTo(401);
  }

  private static Consumer<Map<String, String>> details(String text) {
    return form -> form.put("authorization_details", text);
  }

  private static Consumer<Map<String, String>> refund(Consumer<ObjectNode> change) {
    return form -> {
      ArrayNode details = (ArrayNode) StrictJson.parse(World.refund(100));
      change.accept((ObjectNode) details.path(0));
      form.put("authorization_details", StrictJson.write(details));
    };
  }

  private static ObjectNode operation(ObjectNode element) {
    return (ObjectNode) element.path("operationDetails");
  }

  private static ObjectNode amount(ObjectNode element) {
    return (ObjectNode) operation(element).path("instructedAmount");
  }

  private static Map<String, String> form() {
    return WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100));
  }

  private static Map<String, String> proven(String assertion) {
    var form = form();
    form.put("client_assertion", assertion);
    return form;
  }

  private static ObjectNode assertion() {
    long now = World.NOON.getEpochSecond();
    return StrictJson.object()
        .put("iss", "gateway")
        .put("sub", "gateway")
        .put("aud", WORLD.issuer)
        .put("jti", ForeignIssuer.id())
        .put("iat", now)
        .put("exp", now + 60);
  }

  private static void assertUnknown(String assertion) {
    Answer answer = WORLD.post(proven(assertion));
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.text("error")).isEqualTo("invalid_client");
  }

  private static Map<String, String> authenticated(String client, ECKey key) {
    var form = new LinkedHashMap<String, String>();
    form.put("client_assertion_type", TokenTypes.JWT_CLIENT_ASSERTION);
    return WORLD.by(client, key, form);
  }

  private static Answer post(String path, Map<String, String> form) {
    return WORLD.send(
        "POST", path, World.encoded(form), "Content-Type", "application/x-www-form-urlencoded");
  }

  private static List<String> texts(JsonNode array) {
    var texts = new ArrayList<String>();
    array.forEach(text -> texts.add(text.asString("")));
    return texts;
  }

  /// A good request with one thing changed.
  record Row(String name, String error, Consumer<Map<String, String>> change) {
    @Override
    public String toString() {
      return name;
    }
  }

  /// Good claims or a good header with one thing changed.
  record Claims(String name, Consumer<ObjectNode> change) {
    @Override
    public String toString() {
      return name;
    }
  }
}
