package dev.countersign.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jose.util.Base64URL;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.node.ObjectNode;

class JwtVerifierTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
  private static final long NOW = NOON.getEpochSecond();
  private static final ECKey KEY = ec("k1");
  private static final ECKey STRANGER = ec("k1");

  // The key pair of RFC 8037, appendix A.1.
  private static final Base64URL EDWARDS_D =
      new Base64URL("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
  private static final Base64URL EDWARDS_X =
      new Base64URL("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");

  private static final JwtVerifier VERIFIER =
      new JwtVerifier(
          new JwtRules(
              "https://idp.example",
              Set.of("api://refunds"),
              Set.of("at+jwt"),
              Set.of("ES256", "RS256"),
              Duration.ofSeconds(30),
              Duration.ofHours(1)),
          KeySource.of(VerificationKeys.of(List.of(KEY))),
          () -> NOON);

  /// Each row changes one thing of a good token's claims.
  static final List<Row> BAD_CLAIMS =
      List.of(
          new Row("A13 aud of another", c -> c.put("aud", "api://other")),
          new Row("A13 aud with a slash", c -> c.put("aud", "api://refunds/")),
          new Row("A13 two audiences", c -> c.putArray("aud").add("api://refunds").add("x")),
          new Row("A13 no aud", c -> c.remove("aud")),
          new Row("B02 issuer in upper case", c -> c.put("iss", "https://IDP.example")),
          new Row("A11 exp missing", c -> c.remove("exp")),
          new Row("A11 exp as text", c -> c.put("exp", String.valueOf(NOW + 60))),
          new Row("A11 exp as a fraction", c -> c.put("exp", NOW + 60.5)),
          new Row("A11 exp negative", c -> c.put("exp", -1)),
          new Row("A11 exp in milliseconds", c -> c.put("exp", (NOW + 60) * 1000)),
          new Row("A12 expired beyond the leeway", c -> c.put("exp", NOW - 30)),
          new Row("A12 not yet valid", c -> c.put("nbf", NOW + 31)),
          new Row("A12 issued in the future", c -> c.put("iat", NOW + 31)),
          new Row("too old", c -> c.put("iat", NOW - 3631)));

  /// Each row spells a good token in another way.
  static final List<Spelling> BAD_SPELLINGS =
      List.of(
          new Spelling("A10 padding", token -> token + "="),
          new Spelling("A10 trailing dot", token -> token + "."),
          new Spelling("A10 blank", token -> " " + token),
          new Spelling("A10 four parts", token -> token + ".e30"),
          new Spelling("A10 two parts", token -> token.substring(0, token.lastIndexOf('.'))),
          new Spelling("A10 unused bits", JwtVerifierTest::changeUnusedBits),
          new Spelling(
              "A01 alg none", token -> withHeader(token, "{\"alg\":\"none\",\"typ\":\"at+jwt\"}")),
          new Spelling(
              "A02 HMAC", token -> withHeader(token, "{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}")),
          new Spelling(
              "A08 crit",
              token ->
                  withHeader(token, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"crit\":[\"b64\"]}")),
          new Spelling(
              "A09 duplicate header",
              token ->
                  withHeader(token, "{\"alg\":\"ES256\",\"alg\":\"ES256\",\"typ\":\"at+jwt\"}")),
          new Spelling(
              "A04 kid of 10 kB",
              token ->
                  withHeader(
                      token,
                      "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\""
                          + "x".repeat(5000)
                          + "\"}")));

  @Test
  void A22_anUnknownKeyCostsAsMuchAsAWrongSignature() {
    KeySource known = KeySource.of(VerificationKeys.of(List.of(KEY)));
    KeySource empty = KeySource.of(VerificationKeys.of(List.of()));

    assertThat(look(KEY, known)).isEqualTo(new JwtVerifier.Look(true, 1));
    assertThat(look(STRANGER, known)).isEqualTo(new JwtVerifier.Look(false, 1));
    assertThat(look(ec("k2"), known)).as("unknown kid").isEqualTo(new JwtVerifier.Look(false, 1));
    assertThat(look(KEY, empty)).as("no key at all").isEqualTo(new JwtVerifier.Look(false, 1));
    for (JWSAlgorithm algorithm :
        List.of(JWSAlgorithm.RS256, JWSAlgorithm.PS256, JWSAlgorithm.EdDSA)) {
      assertThat(NobodysKeys.tried(algorithm, new byte[8], new byte[64])).isEqualTo(1);
    }
  }

  @Test
  void JW_06_aPublishedKeyThatIsNoPointOfItsCurveIsLeftOut() {
    ObjectNode key = StrictJson.parseObject(KEY.toPublicJWK().toJSONString());
    ObjectNode set = StrictJson.object();
    set.putArray("keys").add(key);
    assertThat(VerificationKeys.parse(set).size()).isEqualTo(1);
    key.set("y", key.path("x"));

    assertThat(VerificationKeys.parse(set).isEmpty()).isTrue();
  }

  @Test
  void A22_aTokenThatNamesNoKeyCostsTheSameHoweverManyKeysAreKnown() {
    CompactJws token =
        CompactJws.parse(
            withHeader(
                token(STRANGER, "at+jwt", _ -> {}), "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}"));
    for (List<ECKey> keys :
        List.of(
            List.<ECKey>of(),
            List.of(KEY),
            List.of(KEY, ec("k2"), ec("k3")), // rotated twice, and all good for a while
            List.of(KEY, ec("k2"), ec("k3"), ec("k4"), ec("k5")))) {
      assertThat(JwtVerifier.look(token, KeySource.of(VerificationKeys.of(keys)), false))
          .isEqualTo(new JwtVerifier.Look(false, 4));
    }
  }

  private static JwtVerifier.Look look(ECKey signer, KeySource keys) {
    return JwtVerifier.look(CompactJws.parse(token(signer, "at+jwt", _ -> {})), keys, false);
  }

  @Test
  void acceptsWhatTheIssuerSigned() {
    assertThat(VERIFIER.verify(token(KEY, "at+jwt", _ -> {})))
        .isInstanceOf(JwtCheck.Verified.class);
    assertThat(VERIFIER.verify(token(KEY, "application/AT+JWT", _ -> {})))
        .isInstanceOf(JwtCheck.Verified.class);
    assertThat(VERIFIER.verify(token(KEY, "at+jwt", c -> c.put("exp", NOW - 29))))
        .isInstanceOf(JwtCheck.Verified.class);
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("BAD_CLAIMS")
  void refusesAClaimThatIsWrong(Row row) {
    assertThat(VERIFIER.verify(token(KEY, "at+jwt", row.change())))
        .isInstanceOf(JwtCheck.Rejected.class);
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("BAD_SPELLINGS")
  void refusesAnotherSpelling(Spelling spelling) {
    assertThat(VERIFIER.verify(spelling.change().apply(token(KEY, "at+jwt", _ -> {}))))
        .isInstanceOf(JwtCheck.Rejected.class);
  }

  @Test
  void A15_refusesOtherKindsOfTokens() {
    assertThat(
            Stream.of("", "JWT", "secevent+jwt", "at+jwt; x=1", "countersign-challenge+jwt")
                .map(type -> VERIFIER.verify(token(KEY, type, _ -> {}))))
        .allSatisfy(check -> assertThat(check).isInstanceOf(JwtCheck.Rejected.class));
  }

  @Test
  void A05_refusesAKeyOfTheSameNameThatIsNotTheIssuers() {
    assertThat(VERIFIER.verify(token(STRANGER, "at+jwt", _ -> {})))
        .isInstanceOf(JwtCheck.Rejected.class);
  }

  @Test
  void A03_refusesAnAlgorithmThatIsNotTheKeys() throws JOSEException {
    RSAKey rsa = new RSAKeyGenerator(2048).keyID("r1").generate();
    RSAKey forPss = new RSAKey.Builder(rsa).algorithm(JWSAlgorithm.PS256).build();
    var verifier =
        new JwtVerifier(
            JwtRules.own("https://idp.example", "api://refunds", "at+jwt"),
            KeySource.of(VerificationKeys.of(List.of(forPss))),
            () -> NOON);

    assertThat(verifier.verify(new JwtSigner(forPss).sign("at+jwt", claims())))
        .isInstanceOf(JwtCheck.Verified.class);
    assertThat(verifier.verify(new JwtSigner(rsa).sign("at+jwt", claims())))
        .isInstanceOf(JwtCheck.Rejected.class);
  }

  @Test
  void acceptsEveryAlgorithmThatWeSignWithFromItsOwnKeyOnly() throws JOSEException {
    var pair = new OctetKeyPair.Builder(Curve.Ed25519, EDWARDS_X).d(EDWARDS_D).keyID("ed").build();
    RSAKey rsa = new RSAKeyGenerator(2048).keyID("r1").generate();
    List<JWK> keys = List.of(KEY, pair, rsa);
    var verifier =
        new JwtVerifier(
            JwtRules.own("https://idp.example", "api://refunds", "at+jwt"),
            KeySource.of(VerificationKeys.of(keys)),
            () -> NOON);

    for (JWK key : keys) {
      String token = new JwtSigner(key).sign("at+jwt", claims());
      assertThat(verifier.verify(token)).isInstanceOf(JwtCheck.Verified.class);
      assertThat(verifier.verify(token.replaceFirst("\\.[^.]*\\.", ".e30.")))
          .isInstanceOf(JwtCheck.Rejected.class);
    }
    assertThat(new JwtSigner(pair).algorithm()).isEqualTo("EdDSA");
    assertThat(new JwtSigner(pair).sign("at+jwt", "{\"a\":1}").split("\\.", -1)[1])
        .isEqualTo(
            Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString("{\"a\":1}".getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void B10_leavesOutWeakPrivateAndSymmetricKeysAndRefusesOneIdTwice() throws JOSEException {
    RSAKey weak = new RSAKeyGenerator(1024, true).keyID("weak").generate();
    String set =
        "{\"keys\":["
            + weak.toPublicJWK().toJSONString()
            + ","
            + ec("private").toJSONString()
            + ",{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"oct\"}]}";
    VerificationKeys keys = VerificationKeys.parse(set.getBytes(StandardCharsets.UTF_8));

    assertThat(List.of("weak", "private", "oct")).noneMatch(keys::has);
    String twice = KEY.toPublicJWK().toJSONString();
    assertThat(
            org.assertj.core.api.Assertions.catchThrowable(() ->
                VerificationKeys.parse(
                    ("{\"keys\":[" + twice + "," + twice + "]}").getBytes(StandardCharsets.UTF_8))))
        .isInstanceOf(MalformedJsonException.class);
  }

  @Test
  void saysThatNobodyCanTellWhileTheKeysAreAway() {
    var verifier =
        new JwtVerifier(
            JwtRules.own("https://idp.example", "api://refunds", "at+jwt"),
            _ -> {
              throw new KeySource.KeysUnavailableException("away");
            },
            () -> NOON);

    assertThat(verifier.verify(token(KEY, "at+jwt", _ -> {})))
        .isInstanceOf(JwtCheck.Unavailable.class);
  }

  @Test
  void signsTheExampleOfRfc8037() {
    var pair = new OctetKeyPair.Builder(Curve.Ed25519, EDWARDS_X).d(EDWARDS_D).keyID("ed").build();
    byte[] input =
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
            .getBytes(StandardCharsets.US_ASCII);
    byte[] signature = Edwards.sign(Edwards.privateKey(pair), input);

    assertThat(Base64URL.encode(signature))
        .hasToString(
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
    assertThat(Edwards.verify(Edwards.publicKey(pair), input, signature)).isTrue();
    signature[0] ^= 1;
    assertThat(Edwards.verify(Edwards.publicKey(pair), input, signature)).isFalse();
  }

  private static ObjectNode claims() {
    ObjectNode claims = StrictJson.object().put("iss", "https://idp.example");
    return claims.put("aud", "api://refunds").put("iat", NOW).put("exp", NOW + 60);
  }

  private static String token(ECKey key, String type, Consumer<ObjectNode> change) {
    ObjectNode claims = claims();
    change.accept(claims);
    return new JwtSigner(key).sign(type, claims);
  }

  private static String withHeader(String token, String header) {
    return Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(header.getBytes(StandardCharsets.UTF_8))
        + token.substring(token.indexOf('.'));
  }

  /// An ES256 signature of 64 bytes ends in a character of which four bits mean nothing.
  private static String changeUnusedBits(String token) {
    String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    int last = alphabet.indexOf(token.charAt(token.length() - 1));
    return token.substring(0, token.length() - 1) + alphabet.charAt(last + 1);
  }

  private static ECKey ec(String id) {
    try {
      return new ECKeyGenerator(Curve.P_256).keyID(id).generate();
    } catch (JOSEException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  record Row(String name, Consumer<ObjectNode> change) {
    @Override
    public String toString() {
      return name;
    }
  }

  record Spelling(String name, UnaryOperator<String> change) {
    @Override
    public String toString() {
      return name;
    }
  }
}
