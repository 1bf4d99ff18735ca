package dev.countersign.idp;

import com.nimbusds.jose.jwk.RSAKey;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.Base64;
import tools.jackson.databind.node.ObjectNode;

/// One RSA key of an identity provider.
///
/// Threads may share it.
public final class SigningKey {
  private static final int BITS = 2048;
  private static final Base64.Encoder BASE64URL = Base64.getUrlEncoder().withoutPadding();

  private final String id;
  private final KeyPair pair;
  private final String certificate;

  private SigningKey(String id, KeyPair pair, String certificate) {
    this.id = id;
    this.pair = pair;
    this.certificate = certificate;
  }

  /// A new key with a certificate, whose thumbprint is the key id, as Entra names them.
  static SigningKey certified(Instant now) {
    KeyPair pair = generate();
    SelfSignedCertificate certificate = SelfSignedCertificate.of(pair, now);
    return new SigningKey(certificate.thumbprint(), pair, certificate.base64());
  }

  /// A new key with a random id and no certificate, as Okta names them.
  static SigningKey plain() {
    return new SigningKey(BASE64URL.encodeToString(Ids.bytes(32)), generate(), "");
  }

  private static KeyPair generate() {
    try {
      var generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(BITS);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform makes RSA keys", impossible);
    }
  }

  /// The `kid`.
  public String id() {
    return id;
  }

  /// The certificate in base64, or empty.
  public String certificate() {
    return certificate;
  }

  /// The public half.
  public RSAKey publicKey() {
    return new RSAKey.Builder((RSAPublicKey) pair.getPublic()).keyID(id).build();
  }

  /// Signs header and claims as they are, RS256.
  public String sign(ObjectNode header, ObjectNode claims) {
    String input = part(header) + "." + part(claims);
    return input + "." + signature(input);
  }

  /// Signs with one header and sends another: what Entra does for Microsoft Graph, so that nobody
  /// else can check the signature.
  public String signHidden(ObjectNode signedHeader, ObjectNode sentHeader, ObjectNode claims) {
    String signature = signature(part(signedHeader) + "." + part(claims));
    return part(sentHeader) + "." + part(claims) + "." + signature;
  }

  private String signature(String input) {
    try {
      var signature = Signature.getInstance("SHA256withRSA");
      signature.initSign(pair.getPrivate());
      signature.update(input.getBytes(StandardCharsets.US_ASCII));
      return BASE64URL.encodeToString(signature.sign());
    } catch (GeneralSecurityException failed) {
      throw new IllegalStateException("signing failed", failed);
    }
  }

  private static String part(ObjectNode json) {
    return BASE64URL.encodeToString(StrictJson.write(json).getBytes(StandardCharsets.UTF_8));
  }
}
