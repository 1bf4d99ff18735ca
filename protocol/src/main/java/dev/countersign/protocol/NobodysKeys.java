package dev.countersign.protocol;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;
import java.util.List;

/// One public key per kind of signature whose private half nobody has. Where no key is known,
/// verifying with one of these costs what verifying with a known one would.
///
/// Threads may share it.
final class NobodysKeys {
  private static final int RSA_BYTES = 256;
  private static final String EXPONENT = "AQAB";
  private static final VerificationKeys KEYS = VerificationKeys.of(List.of(ec(), rsa(), ed25519()));

  private NobodysKeys() {}

  /// Makes one verification, whose outcome counts for nothing.
  ///
  /// @return how many were made: none for an algorithm that nobody here verifies
  static int tried(JWSAlgorithm algorithm, byte[] input, byte[] signature) {
    List<VerificationKey> keys = KEYS.candidates(null, algorithm);
    keys.forEach(key -> key.verifies(algorithm.getName(), input, signature));
    return keys.size();
  }

  private static JWK ec() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return new ECKey.Builder(Curve.P_256, (ECPublicKey) generator.generateKeyPair().getPublic())
          .build();
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has P-256", impossible);
    }
  }

  /// A random odd number: what it is made of does not matter to a verification, and nobody knows.
  private static JWK rsa() {
    byte[] modulus = Ids.bytes(RSA_BYTES);
    modulus[0] |= (byte) 0x80;
    modulus[RSA_BYTES - 1] |= 1;
    return new RSAKey.Builder(Base64URL.encode(modulus), new Base64URL(EXPONENT)).build();
  }

  private static JWK ed25519() {
    try {
      PublicKey key = KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPublic();
      byte[] encoded = key.getEncoded(); // ends with the point
      byte[] point = Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length);
      return new OctetKeyPair.Builder(Curve.Ed25519, Base64URL.encode(point)).build();
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has Ed25519", impossible);
    }
  }
}
