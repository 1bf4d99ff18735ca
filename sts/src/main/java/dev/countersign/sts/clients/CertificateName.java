package dev.countersign.sts.clients;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import javax.security.auth.x500.X500Principal;

/// The one name by which a client's certificate is recognized: exact, no wildcard, and the only one
/// of its kind in the certificate.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8705#section-2.1.2 RFC 8705 §2.1.2
public record CertificateName(Kind kind, String value) {

  /// Where the name stands in a certificate.
  public enum Kind {
    SUBJECT_DN(-1),
    SAN_EMAIL(1),
    SAN_DNS(2),
    SAN_URI(6),
    SAN_IP(7);

    private final int tag;

    Kind(int tag) {
      this.tag = tag;
    }

    /// The name in configuration, such as `san-dns`.
    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  public CertificateName {
    if (value.isBlank() || value.contains("*")) {
      throw new IllegalArgumentException("a certificate's name must be exact, without wildcard");
    }
    if (kind == Kind.SUBJECT_DN) {
      value = new X500Principal(value).getName();
    }
  }

  /// Whether a certificate has this name and no other of its kind.
  boolean isIn(X509Certificate certificate) {
    List<String> names = namesOf(certificate);
    return names.size() == 1 && names.getFirst().equals(value);
  }

  private List<String> namesOf(X509Certificate certificate) {
    if (kind == Kind.SUBJECT_DN) {
      return List.of(certificate.getSubjectX500Principal().getName());
    }
    var names = new ArrayList<String>();
    try {
      Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
      if (alternatives != null) {
        for (List<?> alternative : alternatives) {
          if (Integer.valueOf(kind.tag).equals(alternative.getFirst())) {
            names.add(String.valueOf(alternative.get(1)));
          }
        }
      }
    } catch (CertificateParsingException malformed) {
      return List.of();
    }
    return names;
  }
}
