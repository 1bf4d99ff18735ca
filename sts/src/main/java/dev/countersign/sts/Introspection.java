package dev.countersign.sts;

import dev.countersign.protocol.Secret;
import java.net.URI;

/// How an issuer is asked whether a token is good now.
///
/// @param endpoint its introspection endpoint
/// @param clientId our name there
/// @param clientSecret proves us there (`client_secret_basic`)
/// @param scope which tokens it is asked about
/// @spec https://www.rfc-editor.org/rfc/rfc7662#section-2 RFC 7662 §2
public record Introspection(URI endpoint, String clientId, Secret clientSecret, Scope scope) {

  /// Which tokens the issuer is asked about.
  public enum Scope {
    /// Those that are no JWT.
    OPAQUE,
    /// Every one. A JWT is verified here first; then the issuer says whether its session still
    /// lives.
    EVERY
  }
}
