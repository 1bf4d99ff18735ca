package dev.countersign.protocol;

import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.PSSParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/// RSA and ECDSA as JOSE names them, on Java's crypto providers: the one with a native library
/// where the platform has it, Java's own elsewhere. Keys are handed to the provider once, not at
/// each use. Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc7518#section-3 RFC 7518 §3
final class Signatures {
  private static final String FAST = "AmazonCorrettoCryptoProvider";
  private static final @Nullable Provider PROVIDER = fastProvider().orElse(null);

  private static final Map<String, Algorithm> ALGORITHMS =
      Map.ofEntries(
          Map.entry("RS256", Algorithm.plain("SHA256withRSA", "RSA")),
          Map.entry("RS384", Algorithm.plain("SHA384withRSA", "RSA")),
          Map.entry("RS512", Algorithm.plain("SHA512withRSA", "RSA")),
          Map.entry("PS256", Algorithm.pss("SHA-256", MGF1ParameterSpec.SHA256, 32)),
          Map.entry("PS384", Algorithm.pss("SHA-384", MGF1ParameterSpec.SHA384, 48)),
          Map.entry("PS512", Algorithm.pss("SHA-512", MGF1ParameterSpec.SHA512, 64)),
          Map.entry("ES256", Algorithm.ec("SHA256withECDSAinP1363Format", 64)),
          Map.entry("ES384", Algorithm.ec("SHA384withECDSAinP1363Format", 96)),
          Map.entry("ES512", Algorithm.ec("SHA512withECDSAinP1363Format", 132)));

  private Signatures() {}

  /// Whether the provider with the native library does the work.
  static boolean isFast() {
    return PROVIDER != null;
  }

  /// A public key as the provider likes it.
  ///
  /// @param algorithm a JOSE algorithm that the key is for
  static PublicKey prepared(String algorithm, PublicKey key) {
    Algorithm known = of(algorithm);
    try {
      return known.factory().generatePublic(new X509EncodedKeySpec(key.getEncoded()));
    } catch (GeneralSecurityException unusable) {
      throw new IllegalArgumentException("the key cannot be used", unusable);
    }
  }

  /// A private key as the provider likes it.
  static PrivateKey prepared(String algorithm, PrivateKey key) {
    Algorithm known = of(algorithm);
    try {
      return known.factory().generatePrivate(new PKCS8EncodedKeySpec(key.getEncoded()));
    } catch (GeneralSecurityException unusable) {
      throw new IllegalArgumentException("the key cannot be used", unusable);
    }
  }

  /// Whether a signature is the one of this key over these bytes. A key or signature of the wrong
  /// kind is a no.
  static boolean verifies(String algorithm, PublicKey key, byte[] signed, byte[] signature) {
    Algorithm known = of(algorithm);
    if (known.length != 0 && signature.length != known.length) {
      return false;
    }
    try {
      Signature verifier = known.signature();
      verifier.initVerify(key);
      verifier.update(signed);
      return verifier.verify(signature);
    } catch (InvalidKeyException | SignatureException no) {
      return false;
    } catch (GeneralSecurityException missing) {
      throw new IllegalStateException("this Java lacks " + known.name, missing);
    }
  }

  /// Signs.
  static byte[] sign(String algorithm, PrivateKey key, byte[] bytes) {
    Algorithm known = of(algorithm);
    try {
      Signature signer = known.signature();
      signer.initSign(key);
      signer.update(bytes);
      return signer.sign();
    } catch (GeneralSecurityException failed) {
      throw new IllegalStateException("signing failed", failed);
    }
  }

  private static Algorithm of(String algorithm) {
    Algorithm known = ALGORITHMS.get(algorithm);
    if (known == null) {
      throw new IllegalArgumentException("not an RSA or ECDSA algorithm of JOSE");
    }
    return known;
  }

  // The library of the provider is native: where it cannot be loaded, Java's own must do.
  private static Optional<Provider> fastProvider() {
    try {
      return ServiceLoader.load(Provider.class, Signatures.class.getClassLoader()).stream()
          .filter(candidate -> candidate.type().getSimpleName().equals(FAST))
          .findFirst()
          .map(ServiceLoader.Provider::get)
          .filter(Signatures::works);
    } catch (ServiceConfigurationError | LinkageError unusable) {
      return Optional.empty();
    }
  }

  private static boolean works(Provider provider) {
    return provider.getService("Signature", "SHA256withECDSAinP1363Format") != null
        && provider.getService("Signature", "SHA256withRSA") != null
        && provider.getService("KeyFactory", "EC") != null;
  }

  /// How Java names an algorithm.
  ///
  /// @param keys the name of its key factory
  /// @param length of each signature in bytes, or 0 where the key decides
  private record Algorithm(
      String name, String keys, @Nullable PSSParameterSpec parameters, int length) {

    static Algorithm plain(String name, String keys) {
      return new Algorithm(name, keys, null, 0);
    }

    static Algorithm ec(String name, int length) {
      return new Algorithm(name, "EC", null, length);
    }

    static Algorithm pss(String digest, MGF1ParameterSpec mask, int salt) {
      return new Algorithm(
          "RSASSA-PSS", "RSA", new PSSParameterSpec(digest, "MGF1", mask, salt, 1), 0);
    }

    Signature signature() throws GeneralSecurityException {
      Provider provider = PROVIDER;
      Signature signature =
          provider != null ? Signature.getInstance(name, provider) : Signature.getInstance(name);
      if (parameters != null) {
        signature.setParameter(parameters);
      }
      return signature;
    }

    KeyFactory factory() throws GeneralSecurityException {
      Provider provider = PROVIDER;
      return provider != null
          ? KeyFactory.getInstance(keys, provider)
          : KeyFactory.getInstance(keys);
    }
  }
}
