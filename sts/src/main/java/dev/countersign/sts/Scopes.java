package dev.countersign.sts;

import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.WireException;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Pattern;

/// The `scope` parameter.
///
/// @spec https://www.rfc-editor.org/rfc/rfc6749#section-3.3 RFC 6749 §3.3
public final class Scopes {
  private static final Pattern TOKEN = Pattern.compile("[\\x21\\x23-\\x5B\\x5D-\\x7E]{1,128}");
  private static final int MAX_LENGTH = 1024;

  private Scopes() {}

  public static boolean isToken(String scope) {
    return TOKEN.matcher(scope).matches();
  }

  /// Reads the parameter: tokens, one space between two, none twice.
  ///
  /// @throws WireException `invalid_scope`
  static Set<String> parse(String text) {
    if (text.length() > MAX_LENGTH) {
      throw new WireException(OAuthError.INVALID_SCOPE, "scope is longer than 1024 characters");
    }
    var scopes = new LinkedHashSet<String>();
    for (String scope : text.split(" ", -1)) {
      if (!isToken(scope)) {
        throw new WireException(
            OAuthError.INVALID_SCOPE, "scope must be scope tokens with one space between them");
      }
      if (!scopes.add(scope)) {
        throw new WireException(OAuthError.INVALID_SCOPE, "scope names a scope twice");
      }
    }
    return scopes;
  }
}
