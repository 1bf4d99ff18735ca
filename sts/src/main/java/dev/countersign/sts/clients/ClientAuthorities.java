package dev.countersign.sts.clients;

import java.security.cert.CRL;
import java.security.cert.X509Certificate;
import java.util.List;

/// Who may issue certificates to clients that authenticate with `tls_client_auth`.
///
/// @param certificates the authorities; empty allows none
/// @param revoked revocation lists; where there are any, each certificate must be covered by one
public record ClientAuthorities(List<X509Certificate> certificates, List<CRL> revoked) {
  public ClientAuthorities {
    certificates = List.copyOf(certificates);
    revoked = List.copyOf(revoked);
  }

  /// No authority: only self-signed certificates can prove a client.
  public static ClientAuthorities none() {
    return new ClientAuthorities(List.of(), List.of());
  }
}
