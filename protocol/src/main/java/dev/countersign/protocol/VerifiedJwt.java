package dev.countersign.protocol;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A JWT whose signature and claims have been verified. Only [JwtVerifier] makes one.
///
/// Threads may share it as long as nobody changes the trees.
public final class VerifiedJwt {
  private final ObjectNode header;
  private final ObjectNode claims;

  VerifiedJwt(ObjectNode header, ObjectNode claims) {
    this.header = header;
    this.claims = claims;
  }

  public ObjectNode header() {
    return header;
  }

  /// All claims.
  public ObjectNode claims() {
    return claims;
  }

  /// `iss`, always there.
  public String issuer() {
    return text("iss").orElseThrow();
  }

  /// `exp`, always there.
  public Instant expiresAt() {
    return Instant.ofEpochSecond(claims.path("exp").longValue());
  }

  /// `iat`, if the token has it.
  public Optional<Instant> issuedAt() {
    return claims.has("iat")
        ? Optional.of(Instant.ofEpochSecond(claims.path("iat").longValue()))
        : Optional.empty();
  }

  /// `jti`, if the token has it.
  public Optional<String> id() {
    return text("jti");
  }

  /// A claim that is a non-empty string.
  public Optional<String> text(String claim) {
    JsonNode value = claims.path(claim);
    return value.isString() && !value.stringValue().isEmpty()
        ? Optional.of(value.stringValue())
        : Optional.empty();
  }

  /// `aud` as a list.
  public List<String> audience() {
    return JwtVerifier.audience(claims);
  }
}
