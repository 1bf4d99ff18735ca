package dev.countersign.sts.clients;

import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.SpiffeId;
import dev.countersign.sts.Addresses;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How a client proves itself. A client has one way; two of a kind may overlap while one replaces
/// the other.
public sealed interface Credentials {

  /// Whether the proof is a certificate in the TLS handshake.
  default boolean isCertificate() {
    return switch (this) {
      case Certificate _, SelfSigned _ -> true;
      case Keys _, KeysAt _, Secrets _, Svid _ -> false;
    };
  }

  /// The name in `token_endpoint_auth_methods_supported`.
  default String method() {
    return switch (this) {
      case Keys _, KeysAt _ -> "private_key_jwt";
      case Secrets _ -> "client_secret_basic";
      case Certificate _ -> "tls_client_auth";
      case SelfSigned _ -> "self_signed_tls_client_auth";
      case Svid _ -> "spiffe_jwt";
    };
  }

  /// `private_key_jwt`: an assertion signed with one of these keys.
  ///
  /// @spec https://www.rfc-editor.org/rfc/rfc7523#section-2.2 RFC 7523 §2.2
  record Keys(KeySource keys) implements Credentials {}

  /// `private_key_jwt` with the keys that the client publishes: it rotates them itself.
  ///
  /// @param address `jwks_uri`, the address of its JWK Set
  /// @param before keys that this address replaced, each until its end, or null
  /// @spec https://www.rfc-editor.org/rfc/rfc7591#section-2 RFC 7591 §2 jwks_uri
  record KeysAt(URI address, @Nullable KeySource before) implements Credentials {
    public KeysAt {
      requireWeb("jwks", address);
    }
  }

  /// An address of keys must not be one that somebody on the way could answer for.
  private static void requireWeb(String what, URI address) {
    if (!Addresses.isWeb(address)) {
      throw new IllegalArgumentException(
          what + " must be an https URL, or http on the loopback interface");
    }
  }

  /// `client_secret_basic` and `client_secret_post`.
  ///
  /// @spec https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 RFC 6749 §2.3.1
  record Secrets(List<DatedSecret> secrets) implements Credentials {
    public Secrets {
      secrets = List.copyOf(secrets);
      if (secrets.isEmpty()) {
        throw new IllegalArgumentException("a client with a secret needs at least one");
      }
    }
  }

  /// A secret with its end.
  ///
  /// @param expiresAt from when it is refused, or null for never
  record DatedSecret(HashedSecret hash, @Nullable Instant expiresAt) {
    boolean isValidAt(Instant now) {
      return expiresAt == null || now.isBefore(expiresAt);
    }
  }

  /// `tls_client_auth`: a certificate of a configured authority with exactly this name.
  ///
  /// @spec https://www.rfc-editor.org/rfc/rfc8705#section-2.1 RFC 8705 §2.1
  record Certificate(CertificateName name) implements Credentials {}

  /// `self_signed_tls_client_auth`: a certificate whose key is one of these; who signed it does not
  /// matter.
  ///
  /// @spec https://www.rfc-editor.org/rfc/rfc8705#section-2.2 RFC 8705 §2.2
  record SelfSigned(KeySource keys) implements Credentials {}

  /// A JWT-SVID as client assertion: this SPIFFE ID, vouched for by its trust domain's keys.
  ///
  /// @param id such as `spiffe://example.org/agent`
  /// @param bundle where the trust domain's keys are
  record Svid(String id, URI bundle) implements Credentials {
    public Svid {
      if (SpiffeId.parse(id).isEmpty()) {
        throw new IllegalArgumentException("spiffe-id must be spiffe://trust-domain/path");
      }
      requireWeb("bundle", bundle);
    }
  }
}
