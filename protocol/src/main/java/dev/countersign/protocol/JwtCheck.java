package dev.countersign.protocol;

/// How the verification of a token ended.
public sealed interface JwtCheck {
  /// The token is what it says.
  record Verified(VerifiedJwt jwt) implements JwtCheck {}

  /// The token is not accepted.
  ///
  /// @param reason for operators and the audit; names the claim or header member, never a value of
  ///   the token
  record Rejected(String reason) implements JwtCheck {}

  /// The issuer's keys cannot be had, so nobody can tell.
  record Unavailable(String reason) implements JwtCheck {}
}
