package dev.countersign.signals.act;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import dev.countersign.protocol.Secret;

/// How the receiver proves at somebody's token endpoint which client it is.
public sealed interface ClientProof {

  /// A shared secret.
  record Password(Secret secret) implements ClientProof {}

  /// A private key: an assertion is signed for each request (RFC 7523). A key with a certificate
  /// thumbprint (`x5t#S256`) is told by it, as Entra ID wants; any other by its `kid`.
  final class Key implements ClientProof {
    private final JWK key;

    /// @throws IllegalArgumentException if it is not a private key that can be told by an id
    public Key(JWK key) {
      boolean isTold = key.getKeyID() != null || key.getX509CertSHA256Thumbprint() != null;
      if (!key.isPrivate() || !isTold) {
        throw new IllegalArgumentException(
            "a client's key must be private and have a `kid` or an `x5t#S256`");
      }
      if (key.getX509CertSHA256Thumbprint() != null && !(key instanceof RSAKey)) {
        throw new IllegalArgumentException("a client's certificate must have an RSA key");
      }
      this.key = key;
    }

    /// The private key. Search for this name to find every place that uses it.
    public JWK reveal() {
      return key;
    }

    @Override
    public String toString() {
      return "Key[redacted]";
    }
  }
}
