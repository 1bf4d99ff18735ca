package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.util.Base64URL;
import dev.countersign.box.FreePort;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.clients.ClientOptions;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Proofs of possession at the token endpoint and at userinfo.
class DpopTest {
  private static final World WORLD = new World();
  private static final ECKey KEY = World.ec("holder");
  private static final ECKey BOUND =
      WORLD.register(
          "bound",
          new ClientOptions(Set.of(), false, Set.of(), false, true, false, Set.of(), false));

  /// What is changed in the claims of a good proof.
  static final Row[] PROOFS = {
    new Row("DP_01c without jti", c -> c.remove("jti")),
    new Row("DP_01c without htm", c -> c.remove("htm")),
    new Row("DP_01c without htu", c -> c.remove("htu")),
    new Row("DP_01c without iat", c -> c.remove("iat")),
    new Row("DP_01h another method", c -> c.put("htm", "GET")),
    new Row("DP_01i another path", c -> c.put("htu", WORLD.issuer + "/oauth2/tokens")),
    new Row("E05 another host", c -> c.put("htu", "http://127.0.0.2/oauth2/token")),
    new Row("E05 no port", c -> c.put("htu", "http://127.0.0.1/oauth2/token")),
    new Row(
        "E05 another scheme",
        c -> c.put("htu", WORLD.issuer.replace("http", "https") + "/oauth2/token")),
    new Row(
        "E05 user info", c -> c.put("htu", WORLD.issuer.replace("//", "//me@") + "/oauth2/token")),
    new Row("DP_01k too old", c -> c.put("iat", World.NOON.getEpochSecond() - 151)),
    new Row("DP_01k in the future", c -> c.put("iat", World.NOON.getEpochSecond() + 31)),
    new Row("A11 iat as text", c -> c.put("iat", "now")),
    new Row("DP_09 an oversized jti", c -> c.put("jti", "x".repeat(257))),
  };

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("PROOFS")
  void refusesAProof(Row row) {
    ObjectNode claims = claims("POST", "/oauth2/token");
    row.change().accept(claims);

    assertInvalid(exchange(proof(claims, KEY, "dpop+jwt", KEY.toPublicJWK())));
  }

  @Test
  void JW_06_aKeyThatIsNoPointOfItsCurveIsRefused() {
    ObjectNode jwk = StrictJson.parseObject(KEY.toPublicJWK().toJSONString());
    jwk.set("y", jwk.path("x"));
    var header = StrictJson.object().put("alg", "ES256").put("typ", "dpop+jwt");
    header.set("jwk", jwk);
    String good = good();
    String[] parts = good.split("\\.", -1);
    String off = Base64URL.encode(StrictJson.write(header)) + "." + parts[1] + "." + parts[2];

    assertInvalid(exchange(off));
  }

  @Test
  void DP_04_aProofBindsTheToken() throws JOSEException {
    Answer answer = exchange(good());

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text("token_type")).isEqualTo("DPoP");
    assertThat(World.claims(answer.text("access_token")).path("cnf").path("jkt").stringValue())
        .isEqualTo(KEY.computeThumbprint().toString());
  }

  @Test
  void E05_spellingsOfTheSameAddressAreTheSame() {
    ObjectNode claims =
        claims("POST", "/oauth2/token")
            .put("htu", WORLD.issuer.replace("http", "HTTP") + "/oauth2/%74oken?x=1#y");

    assertThat(exchange(proof(claims, KEY, "dpop+jwt", KEY.toPublicJWK())).status()).isEqualTo(200);
  }

  @Test
  void DP_08_asksForANonce() {
    ObjectNode claims = claims("POST", "/oauth2/token");
    claims.remove("nonce");

    Answer first = exchange(proof(claims, KEY, "dpop+jwt", KEY.toPublicJWK()));

    assertThat(first.status()).isEqualTo(400);
    assertThat(first.text("error")).isEqualTo("use_dpop_nonce");
    String nonce = first.header("dpop-nonce");
    assertThat(nonce).isNotEmpty();
    claims.put("nonce", nonce).put("jti", Ids.random());
    assertThat(exchange(proof(claims, KEY, "dpop+jwt", KEY.toPublicJWK())).status()).isEqualTo(200);
  }

  @Test
  void E07_DP_01j_DP_10_anOldOrForeignNonceIsRefused() {
    for (String nonce : new String[] {"made-up", Ids.random(), ""}) {
      ObjectNode claims = claims("POST", "/oauth2/token").put("nonce", nonce);
      assertThat(exchange(proof(claims, KEY, "dpop+jwt", KEY.toPublicJWK())).text("error"))
          .isEqualTo("use_dpop_nonce");
    }
  }

  @Test
  void E07_aNonceOfOneReplicaIsGoodAtAnother() {
    try (var replica = WORLD.replica(FreePort.any())) {
      Answer answer =
          WORLD.sendTo(
              URI.create(replica.baseUri() + "/oauth2/token"),
              "POST",
              World.encoded(WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100))),
              "Content-Type",
              "application/x-www-form-urlencoded",
              "DPoP",
              good());

      assertThat(answer.status()).isEqualTo(200);
    }
  }

  @Test
  void E04_aProofIsGoodOnce() {
    String proof = good();
    assertThat(exchange(proof).status()).isEqualTo(200);

    Answer again = exchange(proof);
    assertThat(again.text("error")).isEqualTo("invalid_dpop_proof");
    assertThat(again.json().has("access_token")).isFalse();
    try (var replica = WORLD.replica(FreePort.any())) {
      Answer elsewhere =
          WORLD.sendTo(
              URI.create(replica.baseUri() + "/oauth2/token"),
              "POST",
              World.encoded(WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100))),
              "Content-Type",
              "application/x-www-form-urlencoded",
              "DPoP",
              proof);
      assertThat(elsewhere.text("error")).isEqualTo("invalid_dpop_proof");
    }
  }

  @Test
  void E06_DP_01b_DP_01d_DP_01f_DP_01g_DP_11_aKeyInTheProofIsPublicAndItsOwn() {
    ECKey other = World.ec("other");
    assertInvalid(
        exchange(proof(claims("POST", "/oauth2/token"), KEY, "dpop+jwt", other.toPublicJWK())));
    assertInvalid(exchange(proof(claims("POST", "/oauth2/token"), KEY, "dpop+jwt", KEY)));
    assertInvalid(exchange(proof(claims("POST", "/oauth2/token"), KEY, "dpop+jwt", null)));
    assertInvalid(exchange(proof(claims("POST", "/oauth2/token"), KEY, "JWT", KEY.toPublicJWK())));
    assertInvalid(exchange("not.a.proof"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "HS256", "RS512", "es256"})
  void DP_01e_DP_11_refusesAnAlgorithmThatIsNotAsymmetricOrNotOurs(String algorithm) {
    String[] parts = good().split("\\.", -1);
    ObjectNode header =
        StrictJson.parseObject(Base64.getUrlDecoder().decode(parts[0])).put("alg", algorithm);
    String changed =
        Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(StrictJson.write(header).getBytes(StandardCharsets.UTF_8));

    assertInvalid(exchange(changed + "." + parts[1] + "." + parts[2]));
  }

  @Test
  void DP_01a_refusesTwoProofs() {
    Answer answer =
        WORLD.post(
            WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100)),
            "DPoP",
            good(),
            "DPoP",
            good());

    assertThat(answer.text("error")).isEqualTo("invalid_request");
  }

  @Test
  void DP_05_aClientThatIsRegisteredForItCannotGoWithout() {
    Map<String, String> form =
        WORLD.by(
            "bound", BOUND, WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100)));

    assertThat(WORLD.post(form).text("error")).isEqualTo("invalid_dpop_proof");
    assertThat(
            WORLD
                .post(
                    WORLD.by(
                        "bound",
                        BOUND,
                        WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100))),
                    "DPoP",
                    good())
                .text("token_type"))
        .isEqualTo("DPoP");
  }

  @Test
  void A24_aBoundTokenNeedsItsKeyAtUserinfo() {
    String token = exchange(good()).text("access_token");
    ObjectNode claims = claims("GET", "/oauth2/userinfo").put("ath", Digest.sha256(token));

    assertThat(WORLD.userInfo(token).status()).isEqualTo(401);
    assertThat(userInfo(token, proof(claims, KEY, "dpop+jwt", KEY.toPublicJWK())).status())
        .isEqualTo(200);
    ECKey thief = World.ec("thief");
    claims.put("jti", Ids.random());
    assertThat(userInfo(token, proof(claims, thief, "dpop+jwt", thief.toPublicJWK())).status())
        .isEqualTo(401);
    claims.put("jti", Ids.random()).remove("ath");
    assertThat(userInfo(token, proof(claims, KEY, "dpop+jwt", KEY.toPublicJWK())).status())
        .isEqualTo(401);
    claims.put("jti", Ids.random()).put("ath", Digest.sha256("another"));
    assertThat(userInfo(token, proof(claims, KEY, "dpop+jwt", KEY.toPublicJWK())).status())
        .isEqualTo(401);
    claims.put("jti", Ids.random()).put("ath", Digest.sha256(token)).remove("nonce");
    Answer asked = userInfo(token, proof(claims, KEY, "dpop+jwt", KEY.toPublicJWK()));
    assertThat(asked.header("www-authenticate")).startsWith("DPoP").contains("use_dpop_nonce");
    assertThat(asked.header("dpop-nonce")).isNotEmpty();
  }

  private static Answer userInfo(String token, String proof) {
    return WORLD.send(
        "GET", "/oauth2/userinfo", null, "Authorization", "DPoP " + token, "DPoP", proof);
  }

  private static Answer exchange(String proof) {
    return WORLD.post(
        WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100)), "DPoP", proof);
  }

  private static String good() {
    return proof(claims("POST", "/oauth2/token"), KEY, "dpop+jwt", KEY.toPublicJWK());
  }

  private static ObjectNode claims(String method, String path) {
    return StrictJson.object()
        .put("jti", Ids.random())
        .put("htm", method)
        .put("htu", WORLD.issuer + path)
        .put("iat", World.NOON.getEpochSecond())
        .put("nonce", nonce());
  }

  private static String nonce() {
    return WORLD.post(Map.of("grant_type", "x"), "DPoP", "x").header("dpop-nonce");
  }

  private static String proof(ObjectNode claims, ECKey key, String type, @Nullable JWK shown) {
    var header = new JWSHeader.Builder(JWSAlgorithm.ES256).type(new JOSEObjectType(type));
    ObjectNode json = StrictJson.parseObject(header.build().toString());
    if (shown != null) {
      json.set("jwk", StrictJson.parse(shown.toJSONString()));
    }
    String input =
        Base64URL.encode(StrictJson.write(json)) + "." + Base64URL.encode(StrictJson.write(claims));
    try {
      return input
          + "."
          + new ECDSASigner(key).sign(header.build(), input.getBytes(StandardCharsets.US_ASCII));
    } catch (JOSEException failed) {
      throw new IllegalStateException(failed);
    }
  }

  private static void assertInvalid(Answer answer) {
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text("error")).isEqualTo("invalid_dpop_proof");
    assertThat(answer.json().has("access_token")).isFalse();
  }

  record Row(String name, Consumer<ObjectNode> change) {
    @Override
    public String toString() {
      return name;
    }
  }
}
