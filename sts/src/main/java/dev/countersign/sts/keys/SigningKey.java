package dev.countersign.sts.keys;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jose.util.Base64URL;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.interfaces.EdECPrivateKey;
import java.security.interfaces.EdECPublicKey;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// One of our signing keys and its life: published, then signing, then published only, then gone.
///
/// A class and not a record: nothing may print it.
public final class SigningKey {
  private static final int RSA_BITS = 2048;
  private static final int EDWARDS_BYTES = 32;

  private final JWK jwk;
  private final Instant createdAt;
  private final Instant signsFrom;
  private final @Nullable Instant removedAt;

  /// @param jwk the private key, with `kid` and `alg`
  /// @param signsFrom from when it may sign
  /// @param removedAt until when it is published, or null while nothing follows it
  public SigningKey(JWK jwk, Instant createdAt, Instant signsFrom, @Nullable Instant removedAt) {
    this.jwk = jwk;
    this.createdAt = createdAt;
    this.signsFrom = signsFrom;
    this.removedAt = removedAt;
  }

  /// Makes a key.
  ///
  /// @param algorithm one of those that we sign with
  public static SigningKey generate(String algorithm, Instant now, Instant signsFrom) {
    try {
      JWK key =
          switch (algorithm) {
            case "ES256" ->
                new ECKeyGenerator(Curve.P_256)
                    .keyUse(KeyUse.SIGNATURE)
                    .algorithm(JWSAlgorithm.ES256)
                    .keyIDFromThumbprint(true)
                    .generate();
            case "RS256", "PS256" ->
                new RSAKeyGenerator(RSA_BITS)
                    .keyUse(KeyUse.SIGNATURE)
                    .algorithm(JWSAlgorithm.parse(algorithm))
                    .keyIDFromThumbprint(true)
                    .generate();
            case "EdDSA" -> edwards();
            default ->
                throw new IllegalArgumentException(
                    "an algorithm must be ES256, EdDSA, RS256 or PS256");
          };
      return new SigningKey(key, now, signsFrom, null);
    } catch (JOSEException | GeneralSecurityException unable) {
      throw new IllegalStateException("this Java cannot make keys for " + algorithm, unable);
    }
  }

  private static JWK edwards() throws GeneralSecurityException, JOSEException {
    var pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    if (!(pair.getPublic() instanceof EdECPublicKey open)
        || !(pair.getPrivate() instanceof EdECPrivateKey secret)) {
      throw new GeneralSecurityException("the provider's Ed25519 keys have no parts");
    }
    byte[] bigEndian = open.getPoint().getY().toByteArray();
    byte[] x = new byte[EDWARDS_BYTES];
    for (int i = 0; i < bigEndian.length && i < EDWARDS_BYTES; i++) {
      x[i] = bigEndian[bigEndian.length - 1 - i];
    }
    if (open.getPoint().isXOdd()) {
      x[EDWARDS_BYTES - 1] |= (byte) 0x80;
    }
    return new OctetKeyPair.Builder(Curve.Ed25519, Base64URL.encode(x))
        .d(Base64URL.encode(secret.getBytes().orElseThrow()))
        .keyUse(KeyUse.SIGNATURE)
        .algorithm(JWSAlgorithm.EdDSA)
        .keyIDFromThumbprint()
        .build();
  }

  /// The private key.
  public JWK reveal() {
    return jwk;
  }

  /// The public half.
  public JWK published() {
    return jwk.toPublicJWK();
  }

  public String id() {
    return jwk.getKeyID();
  }

  public String algorithm() {
    return jwk.getAlgorithm().getName();
  }

  public Instant createdAt() {
    return createdAt;
  }

  public Instant signsFrom() {
    return signsFrom;
  }

  /// Until when it is published, or null while nothing follows it.
  public @Nullable Instant removedAt() {
    return removedAt;
  }

  /// Whether others may still need it.
  public boolean isPublishedAt(Instant now) {
    return removedAt == null || now.isBefore(removedAt);
  }

  @Override
  public String toString() {
    return "SigningKey[" + id() + "]";
  }
}
