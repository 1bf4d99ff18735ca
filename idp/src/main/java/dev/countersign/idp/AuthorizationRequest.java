package dev.countersign.idp;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A checked authorization request: what was asked is allowed, only the person is still missing.
///
/// @param server which authorization server of the provider was asked
/// @param scopes as asked, in their order
/// @param codeChallenge PKCE, S256
/// @param prompt empty, `login`, `none` or another value, which means nothing here
/// @param maxAge seconds since the last sign-in that still count; negative for no limit
/// @param strengths what is asked of the authentication: `acr_values`, and `acrs` of the `claims`
/// @spec https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1 RFC 6749 §4.1.1
public record AuthorizationRequest(
    String server,
    PublicClient client,
    Reply reply,
    List<String> scopes,
    @Nullable String nonce,
    String codeChallenge,
    String prompt,
    String loginHint,
    long maxAge,
    List<String> strengths) {

  public AuthorizationRequest {
    scopes = List.copyOf(scopes);
    strengths = List.copyOf(strengths);
  }

  /// Whether one of the strengths that are asked for takes a second factor.
  public boolean needsSecondFactor() {
    return strengths.stream().anyMatch(Strengths::takesSecondFactor);
  }

  /// Where and how the answer goes.
  ///
  /// @param redirectUri one of the client's own
  /// @param issuer the `iss` of the answer (RFC 9207)
  /// @param isFragment whether the parameters go behind `#`
  public record Reply(
      String redirectUri, @Nullable String state, String issuer, boolean isFragment) {}
}
