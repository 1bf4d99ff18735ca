package dev.countersign.protocol;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import java.nio.charset.StandardCharsets;
import tools.jackson.databind.node.ObjectNode;

/// Signs claims with one private key: ES256 for a P-256 key, RS256 for an RSA key.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc7515#section-3.1 RFC 7515 §3.1
public final class JwtSigner {
  private final JWSAlgorithm algorithm;
  private final JWSSigner signer;
  private final String keyId;

  /// @param key a private EC P-256 or RSA key with a key id
  /// @throws IllegalArgumentException for any other key
  public JwtSigner(JWK key) {
    if (key.getKeyID() == null || !key.isPrivate()) {
      throw new IllegalArgumentException("a signing key must be private and have a `kid`");
    }
    keyId = key.getKeyID();
    try {
      switch (key) {
        case ECKey ec -> {
          algorithm = JWSAlgorithm.ES256;
          signer = new ECDSASigner(ec);
        }
        case RSAKey rsa -> {
          algorithm = JWSAlgorithm.RS256;
          signer = new RSASSASigner(rsa);
        }
        default -> throw new IllegalArgumentException("a signing key must be EC P-256 or RSA");
      }
    } catch (JOSEException unusable) {
      throw new IllegalArgumentException("the signing key cannot be used", unusable);
    }
  }

  /// The algorithm it signs with.
  public String algorithm() {
    return algorithm.getName();
  }

  /// Signs claims exactly as they are.
  ///
  /// @param type the `typ` header, such as `at+jwt`
  public String sign(String type, ObjectNode claims) {
    var header =
        new JWSHeader.Builder(algorithm).type(new JOSEObjectType(type)).keyID(keyId).build();
    String input = header.toBase64URL() + "." + Base64URL.encode(StrictJson.write(claims));
    try {
      return input + "." + signer.sign(header, input.getBytes(StandardCharsets.US_ASCII));
    } catch (JOSEException failed) {
      throw new IllegalStateException("signing failed", failed);
    }
  }
}
