package dev.countersign.broker;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.TypeVersions;
import java.time.Instant;

/// A verified on-behalf-of token, as far as the broker reads it.
///
/// @param subject `sub`, the person as `anchor|stable id`
/// @param client `client_id`: the STS client that asked for the token
/// @param actor `act.sub`: who acts for the person now; earlier actors further inside decide
///   nothing
/// @param details `authorization_details`, what was decided and signed
/// @param versions by which versions of their types the details were decided
/// @param binding the key that its sender must hold
/// @spec https://www.rfc-editor.org/rfc/rfc9068#section-2.2 RFC 9068 §2.2
/// @spec https://www.rfc-editor.org/rfc/rfc8693#section-4.1 RFC 8693 §4.1
public record OnBehalfOfToken(
    TokenId id,
    String subject,
    String client,
    String actor,
    Instant issuedAt,
    Instant expiresAt,
    AuthorizationDetails details,
    TypeVersions versions,
    Binding binding) {

  /// The `cnf` claim: thumbprints that are empty where the token is not bound so.
  ///
  /// @param key `jkt`
  /// @param certificate `x5t#S256`
  /// @spec https://www.rfc-editor.org/rfc/rfc9449#section-6.1 RFC 9449 §6.1
  /// @spec https://www.rfc-editor.org/rfc/rfc8705#section-3.1 RFC 8705 §3.1
  public record Binding(String key, String certificate) {
    /// Whoever has the token may send it.
    public static final Binding NONE = new Binding("", "");

    /// Whether the presenter holds every key that is asked for.
    boolean isHeldBy(Presenter presenter) {
      return (key.isEmpty() || key.equals(presenter.keyThumbprint()))
          && (certificate.isEmpty() || certificate.equals(presenter.certificateThumbprint()));
    }

    boolean isNone() {
      return equals(NONE);
    }
  }
}
