package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.clients.ClientOptions;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Attacks on the token endpoint and its neighbours, over the wire, that no other test is about.
class AttackTest {
  private static final World WORLD = new World();

  /// What a subject token may be bound to that the request does not prove.
  static final Row[] BOUND = {
    new Row(
        "A24 a key",
        c -> c.putObject("cnf").put("jkt", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")),
    new Row(
        "A24 a certificate",
        c -> c.putObject("cnf").put("x5t#S256", "bwcK0esc3ACC3DB2Y5_lESsXE8o")),
    new Row("A24 a kind nobody knows", c -> c.putObject("cnf").put("x-new", "1")),
    new Row("A24 a whole key", c -> c.putObject("cnf").putObject("jwk").put("kty", "EC")),
    new Row("A24 nothing", c -> c.putObject("cnf")),
    new Row("A24 a text", c -> c.put("cnf", "jkt")),
    new Row("A24 null", c -> c.putNull("cnf")),
  };

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("BOUND")
  void A24_aForeignTokenThatIsBoundNeedsItsProof(Row row) {
    ObjectNode claims = WORLD.oktaClaims(WORLD.person());
    row.change().accept(claims);
    String token = WORLD.okta.sign(claims);

    Answer answer = WORLD.post(WORLD.exchangeForm(token, World.refund(100)));

    assertRefused(answer);
    assertThat(answer.text("error_description")).endsWith("(CSG-0063)");
    assertThat(WORLD.userInfo(token).status()).as("nor is it anybody's at userinfo").isEqualTo(401);
  }

  @Test
  void A24_aBoundActorTokenNeedsItsProof() {
    var key =
        WORLD.register(
            "bound-actor",
            new ClientOptions(
                Set.of("okta"), false, Set.of(), false, false, false, Set.of(), false));
    ObjectNode actor = WORLD.oktaClaims(WORLD.person());
    actor.putObject("cnf").put("jkt", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    var form =
        WORLD.by(
            "bound-actor", key, WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(1)));
    form.put("actor_token", WORLD.okta.sign(actor));
    form.put("actor_token_type", World.OKTA_TYPE);

    assertRefused(WORLD.post(form));
  }

  @ParameterizedTest
  @ValueSource(strings = {"PS256", "RS384", "RS512", "PS512"})
  void A03_aKeyServesNoOtherAlgorithmThanTheAnchors(String algorithm) throws JOSEException {
    var header =
        new JWSHeader.Builder(JWSAlgorithm.parse(algorithm))
            .type(new com.nimbusds.jose.JOSEObjectType("JWT"))
            .keyID(ForeignIssuer.OKTA_KEY.getKeyID())
            .build();

    assertRefused(exchange(signed(header, ForeignIssuer.OKTA_KEY)));
  }

  @Test
  void A03_theHeadersAlgorithmIsTheOneThatIsVerified() throws JOSEException {
    // Signed as PS256, and called RS256.
    String input =
        Base64URL.encode("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"idp-1\"}")
            + "."
            + Base64URL.encode(StrictJson.write(WORLD.oktaClaims(WORLD.person())));
    Base64URL signature =
        new RSASSASigner(ForeignIssuer.OKTA_KEY)
            .sign(new JWSHeader(JWSAlgorithm.PS256), input.getBytes(StandardCharsets.US_ASCII));

    assertRefused(exchange(input + "." + signature));
  }

  @ParameterizedTest
  @ValueSource(strings = {"at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+JWT"})
  void A16_ourOwnTokensHaveTheTwoFormsOnly(String typ) {
    assertThat(WORLD.userInfo(ours(typ)).status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"JWT", "at+jwt; x=1", "at+jwt ", "text/at+jwt", "application/jwt", "jwt"})
  void A16_anythingElseIsNoTokenOfOurs(String typ) {
    assertThat(WORLD.userInfo(ours(typ)).status()).isEqualTo(401);
  }

  @ParameterizedTest
  @ValueSource(strings = {"at+jwt", "jwt; x=1", "secevent+jwt", "dpop+jwt"})
  void A16_theAnchorSaysWhichFormsAForeignTokenMayHave(String typ) {
    String token =
        ForeignIssuer.sign(WORLD.oktaClaims(WORLD.person()), typ, ForeignIssuer.OKTA_KEY);

    assertRefused(exchange(token));
  }

  @ParameterizedTest
  @ValueSource(strings = {"jwt", "JWT", "application/jwt"})
  void A16_theSpellingOfAFormDoesNotMatter(String typ) {
    String token =
        ForeignIssuer.sign(WORLD.oktaClaims(WORLD.person()), typ, ForeignIssuer.OKTA_KEY);

    assertThat(exchange(token).status()).isEqualTo(200);
  }

  @Test
  void A20_aSignatureOfAnotherFormIsNone() {
    var form = WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100));
    String assertion = form.getOrDefault("client_assertion", "");
    String input = assertion.substring(0, assertion.lastIndexOf('.') + 1);
    byte[] zeros = new byte[64];
    byte[] orders = new byte[64];
    java.util.Arrays.fill(orders, (byte) 0xff);
    for (byte[] signature :
        new byte[][] {zeros, orders, new byte[63], new byte[65], new byte[72]}) {
      form.put("client_assertion", input + Base64URL.encode(signature));
      Answer answer = WORLD.post(form);
      assertThat(answer.status()).isEqualTo(401);
      assertThat(answer.text("error")).isEqualTo("invalid_client");
    }
  }

  @Test
  void A22_whatIsSecretIsComparedAsAWhole() {
    // What an answer says does not tell how much of a secret was right.
    var form = WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100));
    form.remove("client_assertion");
    form.remove("client_assertion_type");
    form.put("client_id", "gateway");
    form.put("client_secret", "a");
    String one = WORLD.post(form).text("error_description");
    form.put("client_id", "nobody-at-all");
    form.put("client_secret", "a".repeat(64));

    assertThat(WORLD.post(form).text("error_description")).isEqualTo(one);
  }

  @Test
  void A23_aTokenBelongsInOneHeaderAndNowhereElse() {
    String token = WORLD.exchange(WORLD.person(), 100).text("access_token");

    Answer query = WORLD.send("GET", "/oauth2/userinfo?access_token=" + token, null);
    assertThat(query.status()).isEqualTo(400);
    assertThat(query.text("error")).isEqualTo("invalid_request");
    Answer form =
        WORLD.send(
            "POST",
            "/oauth2/userinfo",
            "access_token=" + token,
            "Content-Type",
            "application/x-www-form-urlencoded");
    assertThat(form.status()).isBetween(400, 405);
    assertThat(form.json().has("sub")).isFalse();
    Answer both =
        WORLD.send(
            "GET",
            "/oauth2/userinfo?access_token=" + token,
            null,
            "Authorization",
            "Bearer " + token);
    assertThat(both.text("error")).isEqualTo("invalid_request");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Authorization", "DPoP", "Idempotency-Key"})
  void A23_aHeaderThatCountsComesOnce(String header) throws IOException {
    String token = WORLD.exchange(WORLD.person(), 100).text("access_token");
    String value = header.equals("Authorization") ? "Bearer " + token : "x";
    String body = World.encoded(WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(1)));
    boolean isUserInfo = !header.equals("Idempotency-Key");
    String request =
        isUserInfo
            ? "GET /oauth2/userinfo HTTP/1.1\r\n"
            : "POST /oauth2/token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                + "Content-Length: "
                + body.length()
                + "\r\n";
    String twice = header + ": " + value + "\r\n";
    String bearer = header.equals("DPoP") ? "Authorization: DPoP " + token + "\r\n" : "";

    String answer = raw(request + bearer + twice + twice, isUserInfo ? "" : body);

    assertThat(answer).startsWith("HTTP/1.1 4").doesNotContain("\"sub\"", "\"access_token\"");
  }

  @Test
  void C20_IJ_03_IJ_04_anAssertionOfAnotherDomainIsNoGrantHere() {
    ObjectNode claims = WORLD.oktaClaims(WORLD.person()).put("aud", WORLD.issuer);
    claims.put("client_id", "gateway");
    String jag = ForeignIssuer.sign(claims, "oauth-id-jag+jwt", ForeignIssuer.OKTA_KEY);
    var redeem = WORLD.redeemForm(jag, World.refund(100));

    Answer answer = WORLD.post(redeem);

    assertThat(answer.text("error")).isEqualTo("invalid_grant");
    assertThat(answer.json().has("access_token")).isFalse();
    assertRefused(exchange(jag));
    String own =
        new JwtSigner(WORLD.signingKey())
            .sign(
                "oauth-id-jag+jwt",
                claims.deepCopy().put("iss", WORLD.issuer).put("sub", "okta|x"));
    assertThat(WORLD.post(WORLD.redeemForm(own, World.refund(100))).text("error"))
        .isEqualTo("invalid_grant");
  }

  @Test
  void C12_IJ_01_IJ_02_TT_01_TT_02_onlyAccessTokensAreMade() {
    for (String type :
        new String[] {
          "urn:ietf:params:oauth:token-type:refresh_token",
          "urn:ietf:params:oauth:token-type:id_token",
          "urn:ietf:params:oauth:token-type:id-jag",
          "urn:ietf:params:oauth:token-type:txn_token",
          "urn:x:y"
        }) {
      var form = WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100));
      form.put("requested_token_type", type);
      assertRefused(WORLD.post(form));
    }
  }

  @Test
  void BA_05_noAnswerMayBeKept() {
    Answer good = WORLD.exchange(WORLD.person(), 100);
    Answer bad = exchange("rubbish");

    for (Answer answer : new Answer[] {good, bad}) {
      assertThat(answer.header("cache-control")).isEqualTo("no-store");
      assertThat(answer.header("pragma")).isEqualTo("no-cache");
    }
  }

  private static String ours(String typ) {
    ObjectNode claims = World.claims(WORLD.exchange(WORLD.person(), 100).text("access_token"));
    return new JwtSigner(WORLD.signingKey()).sign(typ, claims);
  }

  private static String signed(JWSHeader header, RSAKey key) throws JOSEException {
    String input =
        header.toBase64URL()
            + "."
            + Base64URL.encode(StrictJson.write(WORLD.oktaClaims(WORLD.person())));
    return input
        + "."
        + new RSASSASigner(key).sign(header, input.getBytes(StandardCharsets.US_ASCII));
  }

  private static String raw(String head, String body) throws IOException {
    URI at = URI.create(WORLD.issuer);
    try (var socket = new Socket(at.getHost(), at.getPort())) {
      socket
          .getOutputStream()
          .write(
              (head + "Host: " + at.getAuthority() + "\r\nConnection: close\r\n\r\n" + body)
                  .getBytes(StandardCharsets.UTF_8));
      return answer(socket.getInputStream());
    }
  }

  /// One answer by its length: the server may keep the connection for longer than a test.
  private static String answer(InputStream in) throws IOException {
    var head = new StringBuilder();
    while (!head.toString().endsWith("\r\n\r\n")) {
      int next = in.read();
      assertThat(next).as("the answer ends early").isNotNegative();
      head.append((char) next);
    }
    Matcher length =
        Pattern.compile("(?i)\r\ncontent-length: *([0-9]+)\r\n").matcher(head.toString());
    assertThat(length.find()).as(head.toString()).isTrue();
    byte[] body = in.readNBytes(Integer.parseInt(length.group(1)));
    return head + new String(body, StandardCharsets.UTF_8);
  }

  private static Answer exchange(String token) {
    return WORLD.post(WORLD.exchangeForm(token, World.refund(100)));
  }

  private static void assertRefused(Answer answer) {
    assertThat(answer.status()).as(answer.body()).isEqualTo(400);
    assertThat(answer.text("error")).isEqualTo("invalid_request");
    assertThat(answer.json().has("access_token")).isFalse();
    assertThat(WORLD.entriesOf(answer.text("jti")))
        .hasSize(1)
        .allSatisfy(entry -> assertThat(entry.event()).isEqualTo(LedgerEvent.EXCHANGE_REFUSED));
  }

  record Row(String name, Consumer<ObjectNode> change) {
    @Override
    public String toString() {
      return name;
    }
  }
}
