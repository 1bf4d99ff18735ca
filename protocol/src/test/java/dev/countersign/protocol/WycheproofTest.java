package dev.countersign.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.util.Base64URL;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// A20: the vectors of C2SP/wycheproof against what verifies every token here. Each difference is
/// named with its reason; a new one fails.
class WycheproofTest {
  private static final JsonMapper LENIENT = JsonMapper.builder().build();

  @ParameterizedTest
  @CsvSource({
    "ecdsa_secp256r1_sha256_p1363_test.json, ES256, 262",
    "ecdsa_secp384r1_sha384_p1363_test.json, ES384, 280",
    "ecdsa_secp521r1_sha512_p1363_test.json, ES512, 318",
    "ed25519_test.json, EdDSA, 151",
    "rsa_signature_2048_sha256_test.json, RS256, 259",
    "rsa_pss_2048_sha256_mgf1_32_test.json, PS256, 108"
  })
  void A20_agreesWithEverySignatureVector(String file, String algorithm, int cases) {
    var disagreements = new ArrayList<String>();
    int seen = 0;
    for (JsonNode group : groups(file)) {
      ObjectNode jwk = jwk(group, algorithm);
      VerificationKeys keys = VerificationKeys.parse(set(jwk));
      for (JsonNode test : group.path("tests")) {
        seen++;
        boolean accepted =
            keys.candidates(null, JWSAlgorithm.parse(algorithm)).stream()
                .anyMatch(key ->
                    key.verifies(
                        algorithm,
                        HexFormat.of().parseHex(test.path("msg").asString("")),
                        HexFormat.of().parseHex(test.path("sig").asString(""))));
        String result = test.path("result").asString("");
        if (!result.equals("acceptable") && accepted != result.equals("valid")) {
          disagreements.add(test.path("tcId") + " " + test.path("comment").asString(""));
        }
      }
    }

    assertThat(disagreements)
        .as("the RSA key of 258 and 259 has the exponent 3, which our key policy refuses")
        .isSubsetOf("258 small signature", "259 signature is close to n");
    assertThat(seen).isEqualTo(cases);
  }

  @Test
  void A20_refusesEveryTokenThatMustBeRefused() {
    var disagreements = disagreements("json_web_signature_test.json");

    assertThat(disagreements)
        .as(
            "259 to 325: an empty payload is no JSON object, so no JWT;"
                + " 346, 347, 350, 351: the vector's key names another algorithm than the token")
        .containsExactlyInAnyOrder(
            "259 refused",
            "264 refused",
            "268 refused",
            "272 refused",
            "320 refused",
            "325 refused",
            "346 refused",
            "347 refused",
            "350 refused",
            "351 refused");
  }

  @ParameterizedTest
  @CsvSource({"json_web_key_test.json", "json_web_crypto_test.json"})
  void A20_refusesEveryKeyThatMustBeRefused(String file) {
    assertThat(disagreements(file)).isEmpty();
  }

  /// `<case> accepted` or `<case> refused` for each case that ends otherwise than the vector says.
  /// Tokens with symmetric keys are refused by design, whatever the vector says.
  private static List<String> disagreements(String file) {
    var disagreements = new ArrayList<String>();
    for (JsonNode group : groups(file)) {
      for (JsonNode test : group.path("tests")) {
        String token = test.path("jws").asString("");
        if (token.isEmpty()) {
          continue; // an encrypted token: refused by the number of its parts
        }
        boolean isSymmetric = !group.has("public");
        boolean accepted = accepts(group.path(isSymmetric ? "private" : "public"), token);
        boolean expected = test.path("result").asString("").equals("valid") && !isSymmetric;
        if (accepted != expected) {
          disagreements.add(test.path("tcId") + (accepted ? " accepted" : " refused"));
        }
      }
    }
    return disagreements;
  }

  private static boolean accepts(JsonNode keys, String token) {
    try {
      VerificationKeys set =
          VerificationKeys.parse(
              keys.has("keys") ? (ObjectNode) keys : set((ObjectNode) keys.deepCopy()));
      CompactJws jws = CompactJws.parse(token);
      ObjectNode header = jws.header();
      if (header.has("crit") || header.has("b64")) {
        return false;
      }
      String kid = header.has("kid") ? header.path("kid").asString("") : null;
      return set.candidates(kid, JWSAlgorithm.parse(header.path("alg").asString(""))).stream()
          .anyMatch(key ->
              key.verifies(
                  header.path("alg").asString(""), jws.signingBytes(), jws.signatureBytes()));
    } catch (MalformedJsonException refused) {
      return false;
    }
  }

  private static ObjectNode jwk(JsonNode group, String algorithm) {
    JsonNode given = group.has("publicKeyJwk") ? group.path("publicKeyJwk") : group.path("keyJwk");
    if (given.isObject()) {
      ObjectNode jwk = ((ObjectNode) given).deepCopy();
      jwk.remove(List.of("key_ops", "kid"));
      return jwk.put("alg", algorithm);
    }
    JsonNode key = group.path("publicKey");
    if (key.path("type").asString("").equals("EcPublicKey")) {
      int bits = key.path("keySize").asInt();
      return StrictJson.object()
          .put("kty", "EC")
          .put("alg", algorithm)
          .put("crv", "P-" + bits)
          .put("x", coordinate(key.path("wx").asString(""), bits))
          .put("y", coordinate(key.path("wy").asString(""), bits));
    }
    return StrictJson.object()
        .put("kty", "RSA")
        .put("alg", algorithm)
        .put("n", integer(key.path("modulus").asString("")))
        .put("e", integer(key.path("publicExponent").asString("")));
  }

  private static String coordinate(String hex, int bits) {
    return ECKey.encodeCoordinate(bits, new BigInteger(hex, 16)).toString();
  }

  private static String integer(String hex) {
    return Base64URL.encode(new BigInteger(hex, 16)).toString();
  }

  private static ObjectNode set(ObjectNode key) {
    ObjectNode set = StrictJson.object();
    set.putArray("keys").add(key);
    return set;
  }

  private static JsonNode groups(String file) {
    return LENIENT
        .readTree(Vectors.bytes(Vectors.file("wycheproof").resolve(file)))
        .path("testGroups");
  }
}
