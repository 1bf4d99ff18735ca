package dev.countersign.protocol;

import com.nimbusds.jose.jwk.OctetKeyPair;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPrivateKeySpec;
import java.security.spec.EdECPublicKeySpec;
import java.security.spec.NamedParameterSpec;

/// Ed25519 by the platform's own provider: the JOSE library would need another library for it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8037 RFC 8037
final class Edwards {
  private static final int LENGTH = 32;
  private static final int SIGNATURE_LENGTH = 64;

  private Edwards() {}

  /// @throws IllegalArgumentException if it is no point of the curve
  static PublicKey publicKey(OctetKeyPair pair) {
    byte[] littleEndian = pair.getX().decode();
    if (littleEndian.length != LENGTH) {
      throw new IllegalArgumentException("an Ed25519 key has 32 bytes");
    }
    boolean isOdd = (littleEndian[LENGTH - 1] & 0x80) != 0;
    byte[] y = new byte[LENGTH];
    for (int i = 0; i < LENGTH; i++) {
      y[i] = littleEndian[LENGTH - 1 - i];
    }
    y[0] &= 0x7F;
    try {
      return KeyFactory.getInstance("Ed25519")
          .generatePublic(
              new EdECPublicKeySpec(
                  NamedParameterSpec.ED25519, new EdECPoint(isOdd, new BigInteger(1, y))));
    } catch (GeneralSecurityException unusable) {
      throw new IllegalArgumentException("the Ed25519 key cannot be used", unusable);
    }
  }

  /// @throws IllegalArgumentException if it is no private key
  static PrivateKey privateKey(OctetKeyPair pair) {
    try {
      return KeyFactory.getInstance("Ed25519")
          .generatePrivate(new EdECPrivateKeySpec(NamedParameterSpec.ED25519, pair.getDecodedD()));
    } catch (GeneralSecurityException unusable) {
      throw new IllegalArgumentException("the Ed25519 key cannot be used", unusable);
    }
  }

  static boolean verify(PublicKey key, byte[] input, byte[] signature) {
    if (signature.length != SIGNATURE_LENGTH) {
      return false;
    }
    try {
      Signature verifier = Signature.getInstance("Ed25519");
      verifier.initVerify(key);
      verifier.update(input);
      return verifier.verify(signature);
    } catch (SignatureException malformed) {
      return false;
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has Ed25519", impossible);
    }
  }

  static byte[] sign(PrivateKey key, byte[] input) {
    try {
      Signature signer = Signature.getInstance("Ed25519");
      signer.initSign(key);
      signer.update(input);
      return signer.sign();
    } catch (GeneralSecurityException failed) {
      throw new IllegalStateException("signing failed", failed);
    }
  }
}
