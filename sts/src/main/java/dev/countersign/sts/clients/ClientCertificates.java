package dev.countersign.sts.clients;

import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.KeySource;
import java.security.GeneralSecurityException;
import java.security.cert.CRL;
import java.security.cert.CertPathValidator;
import java.security.cert.CertStore;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// Judges the certificates that clients prove in the TLS handshake. The handshake accepts any; what
/// counts is decided here, against configured authorities or registered keys, never against the
/// system's trust store.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8705#section-2 RFC 8705 §2
public final class ClientCertificates {
  private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
  private static final int DIGITAL_SIGNATURE = 0;

  private final Set<TrustAnchor> authorities;
  private final List<CRL> revoked;

  /// @param revoked revocation lists; if there are any, a certificate must be covered by one
  ClientCertificates(List<X509Certificate> authorities, List<CRL> revoked) {
    this.authorities =
        authorities.stream()
            .map(authority -> new TrustAnchor(authority, null))
            .collect(Collectors.toSet());
    this.revoked = List.copyOf(revoked);
  }

  /// `cnf.x5t#S256` of a certificate.
  public static String thumbprint(X509Certificate certificate) {
    try {
      return Digest.sha256(certificate.getEncoded());
    } catch (CertificateEncodingException impossible) {
      throw new IllegalStateException("a certificate from a handshake has an encoding", impossible);
    }
  }

  /// Whether a chain is of a configured authority.
  boolean areVouchedFor(List<X509Certificate> chain, Instant now) {
    return !chain.isEmpty() && !authorities.isEmpty() && leadsToAnAuthority(chain, now);
  }

  /// Whether a chain's leaf is a client's and has exactly this name.
  static boolean isNamed(List<X509Certificate> chain, CertificateName name) {
    return !chain.isEmpty() && name.isIn(chain.getFirst()) && isForClients(chain.getFirst());
  }

  /// Whether the leaf's key is one of these and the certificate is not out of date.
  static boolean isRegistered(List<X509Certificate> chain, KeySource keys, Instant now) {
    if (chain.isEmpty()) {
      return false;
    }
    X509Certificate leaf = chain.getFirst();
    try {
      leaf.checkValidity(Date.from(now));
      Optional<JWK> key = key(leaf);
      return key.isPresent() && keys.keys("").holds(key.get());
    } catch (CertificateException outOfDate) {
      return false;
    }
  }

  /// The key of a certificate, if it is of a kind that clients may have. The JOSE library's own
  /// reader of certificates needs another library.
  private static Optional<JWK> key(X509Certificate certificate) {
    return switch (certificate.getPublicKey()) {
      case ECPublicKey ec -> {
        Curve curve = Curve.forECParameterSpec(ec.getParams());
        yield curve == null ? Optional.empty() : Optional.of(new ECKey.Builder(curve, ec).build());
      }
      case RSAPublicKey rsa -> Optional.of(new RSAKey.Builder(rsa).build());
      default -> Optional.empty();
    };
  }

  private static boolean isForClients(X509Certificate leaf) {
    boolean[] usage = leaf.getKeyUsage();
    boolean signs = usage == null || usage[DIGITAL_SIGNATURE];
    try {
      List<String> extended = leaf.getExtendedKeyUsage();
      return signs
          && leaf.getBasicConstraints() < 0
          && (extended == null || extended.contains(CLIENT_AUTH));
    } catch (CertificateParsingException malformed) {
      return false;
    }
  }

  private boolean leadsToAnAuthority(List<X509Certificate> chain, Instant now) {
    List<X509Certificate> path =
        chain.stream().filter(certificate -> !isAuthority(certificate)).toList();
    try {
      var parameters = new PKIXParameters(authorities);
      parameters.setDate(Date.from(now));
      parameters.setRevocationEnabled(!revoked.isEmpty());
      if (!revoked.isEmpty()) {
        parameters.addCertStore(
            CertStore.getInstance("Collection", new CollectionCertStoreParameters(revoked)));
      }
      CertPathValidator.getInstance("PKIX")
          .validate(CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
      return !path.isEmpty();
    } catch (GeneralSecurityException invalid) {
      return false;
    }
  }

  private boolean isAuthority(X509Certificate certificate) {
    return authorities.stream().anyMatch(anchor -> certificate.equals(anchor.getTrustedCert()));
  }
}
