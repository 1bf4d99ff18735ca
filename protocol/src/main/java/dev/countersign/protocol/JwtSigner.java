package dev.countersign.protocol;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Signs claims with one private key and its one algorithm: ES256 for a P-256 key, EdDSA for an
/// Ed25519 key, PS256 or RS256 for an RSA key, RS256 if its `alg` does not say.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc7515#section-3.1 RFC 7515 §3.1
public final class JwtSigner {
  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

  private final JWSAlgorithm algorithm;
  private final Signing signing;
  private final String keyId;
  private final @Nullable Base64URL thumbprint;
  private final Map<String, String> headers = new ConcurrentHashMap<>();

  /// @param key a private EC P-256, Ed25519 or RSA key with a key id; without one, its
  ///   certificate's thumbprint (`x5t#S256`) tells it
  /// @throws IllegalArgumentException for any other key
  public JwtSigner(JWK key) {
    thumbprint = key.getKeyID() == null ? key.getX509CertSHA256Thumbprint() : null;
    if ((key.getKeyID() == null && thumbprint == null) || !key.isPrivate()) {
      throw new IllegalArgumentException("a signing key must be private and have a `kid`");
    }
    keyId = key.getKeyID() == null ? "" : key.getKeyID();
    try {
      switch (key) {
        case ECKey ec when Curve.P_256.equals(ec.getCurve()) -> {
          algorithm = JWSAlgorithm.ES256;
          signing = with(ec.toPrivateKey());
        }
        case RSAKey rsa -> {
          algorithm =
              JWSAlgorithm.PS256.equals(rsa.getAlgorithm())
                  ? JWSAlgorithm.PS256
                  : JWSAlgorithm.RS256;
          signing = with(rsa.toPrivateKey());
        }
        case OctetKeyPair pair when Curve.Ed25519.equals(pair.getCurve()) -> {
          algorithm = JWSAlgorithm.EdDSA;
          PrivateKey ready = Edwards.privateKey(pair);
          signing = input -> Edwards.sign(ready, input);
        }
        default ->
            throw new IllegalArgumentException("a signing key must be EC P-256, Ed25519 or RSA");
      }
    } catch (JOSEException unusable) {
      throw new IllegalArgumentException("the signing key cannot be used", unusable);
    }
    if (key.getAlgorithm() != null && !algorithm.equals(key.getAlgorithm())) {
      throw new IllegalArgumentException("`alg` of the signing key is not one that it can sign");
    }
  }

  private Signing with(PrivateKey key) {
    String name = algorithm.getName();
    PrivateKey ready = Signatures.prepared(name, key);
    return input -> Signatures.sign(name, ready, input);
  }

  /// The algorithm it signs with.
  public String algorithm() {
    return algorithm.getName();
  }

  /// The id of its key; empty where its certificate tells it.
  public String keyId() {
    return keyId;
  }

  /// Signs claims exactly as they are.
  ///
  /// @param type the `typ` header, such as `at+jwt`
  public String sign(String type, ObjectNode claims) {
    return sign(type, StrictJson.write(claims));
  }

  /// Signs claims that are already JSON.
  ///
  /// @param type the `typ` header, such as `at+jwt`
  /// @param claims one JSON object
  public String sign(String type, String claims) {
    String input =
        headers.computeIfAbsent(type, this::header)
            + "."
            + BASE64.encodeToString(claims.getBytes(StandardCharsets.UTF_8));
    byte[] signature = signing.sign(input.getBytes(StandardCharsets.US_ASCII));
    return input + "." + BASE64.encodeToString(signature);
  }

  private String header(String type) {
    var header = new JWSHeader.Builder(algorithm).type(new JOSEObjectType(type));
    if (thumbprint == null) {
      header.keyID(keyId);
    } else {
      header.x509CertSHA256Thumbprint(thumbprint);
    }
    return header.build().toBase64URL().toString();
  }

  @FunctionalInterface
  private interface Signing {
    byte[] sign(byte[] input);
  }
}
