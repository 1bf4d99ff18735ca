package dev.countersign.protocol;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import java.security.PublicKey;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One public key with its verifier ready: making one costs more than a verification does.
///
/// Threads may share it.
final class VerificationKey {
  private static final Set<JWSAlgorithm> EDWARDS = Set.of(JWSAlgorithm.EdDSA, JWSAlgorithm.Ed25519);

  private final JWK jwk;
  private final @Nullable Verifier verifier;

  VerificationKey(JWK jwk) {
    this.jwk = jwk;
    this.verifier = verifier(jwk);
  }

  /// The key's id, or null where it has none.
  @Nullable String id() {
    return jwk.getKeyID();
  }

  /// What names the key itself, whatever its id (RFC 7638).
  String thumbprint() {
    return thumbprint(jwk);
  }

  static String thumbprint(JWK key) {
    try {
      return key.computeThumbprint().toString();
    } catch (JOSEException impossible) {
      throw new IllegalStateException("every Java platform has SHA-256", impossible);
    }
  }

  /// Whether this key may have made a signature of that algorithm.
  boolean suits(JWSAlgorithm algorithm) {
    if (verifier == null
        || (jwk.getAlgorithm() != null
            && !jwk.getAlgorithm().getName().equals(algorithm.getName()))) {
      return false;
    }
    return switch (jwk) {
      case RSAKey _ -> JWSAlgorithm.Family.RSA.contains(algorithm);
      case ECKey ec -> curveAlgorithm(ec).equals(algorithm.getName());
      case OctetKeyPair _ -> EDWARDS.contains(algorithm);
      default -> false;
    };
  }

  /// Whether its trust domain says that it is for JWT-SVIDs.
  boolean isForSvids() {
    return jwk.getKeyUse() != null && VerificationKeys.SVID.equals(jwk.getKeyUse().identifier());
  }

  /// Whether this key made the signature. One that cannot check it does not confirm it.
  boolean verifies(String algorithm, byte[] input, byte[] signature) {
    return verifier != null && verifier.verify(algorithm, input, signature);
  }

  private static @Nullable Verifier verifier(JWK key) {
    try {
      return switch (key) {
        case RSAKey rsa -> with(Signatures.prepared("RS256", rsa.toPublicKey()));
        case ECKey ec -> with(Signatures.prepared(curveAlgorithm(ec), ec.toPublicKey()));
        case OctetKeyPair pair when Curve.Ed25519.equals(pair.getCurve()) -> edwards(pair);
        default -> null;
      };
    } catch (JOSEException | IllegalArgumentException unusable) {
      return null;
    }
  }

  private static Verifier edwards(OctetKeyPair pair) {
    PublicKey ready = Edwards.publicKey(pair);
    return (_, input, signature) -> Edwards.verify(ready, input, signature);
  }

  private static Verifier with(PublicKey ready) {
    return (algorithm, input, signature) -> Signatures.verifies(algorithm, ready, input, signature);
  }

  private static String curveAlgorithm(ECKey key) {
    return switch (key.getCurve().getName()) {
      case "P-256" -> "ES256";
      case "P-384" -> "ES384";
      case "P-521" -> "ES512";
      default -> "none";
    };
  }

  @FunctionalInterface
  private interface Verifier {
    boolean verify(String algorithm, byte[] input, byte[] signature);
  }
}
