package dev.countersign.idp;

import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Secret;
import java.util.regex.Pattern;

/// Proof key for code exchange, `S256` only.
///
/// @spec https://www.rfc-editor.org/rfc/rfc7636#section-4 RFC 7636 §4
public final class Pkce {
  private static final Pattern CHALLENGE = Pattern.compile("[A-Za-z0-9_-]{43}");
  private static final Pattern VERIFIER = Pattern.compile("[A-Za-z0-9._~-]{43,128}");

  private Pkce() {}

  /// Whether a text can be an `S256` challenge.
  public static boolean isChallenge(String text) {
    return CHALLENGE.matcher(text).matches();
  }

  /// Whether the verifier is the one that the challenge was made from.
  public static boolean matches(String verifier, String challenge) {
    return VERIFIER.matcher(verifier).matches()
        && new Secret(Digest.sha256(verifier)).equals(new Secret(challenge));
  }
}
