package dev.countersign.broker;

/// Which token it was, whatever its text: ids are unique per issuer only.
///
/// @param issuer the `iss` claim
/// @param jti the `jti` claim
public record TokenId(String issuer, String jti) {}
