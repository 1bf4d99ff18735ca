package dev.countersign.sts;

import dev.countersign.protocol.Secret;
import java.time.Duration;
import java.time.Instant;
import tools.jackson.databind.node.ObjectNode;

/// Mints the on-behalf-of token of a permitted request: how long it lives, and what it says. The
/// caller writes it down before it lets the token go.
///
/// Threads may share it.
final class Issuance {
  private final Duration longestLife;
  private final Tokens tokens;

  /// @param longestLife the longest life of any token, whatever a client's own limit is
  Issuance(Duration longestLife, Tokens tokens) {
    this.longestLife = longestLife;
    this.tokens = tokens;
  }

  /// When a token of now would end: never after the subject token.
  Instant expiry(TokenRequest request, Subject subject, Instant now) {
    Duration longest =
        longestLife.compareTo(request.client().maxLifetime()) < 0
            ? longestLife
            : request.client().maxLifetime();
    Instant ours = Instant.ofEpochSecond(now.getEpochSecond()).plus(longest);
    return subject.expiresAt().isBefore(ours) ? subject.expiresAt() : ours;
  }

  /// Signs the token.
  ///
  /// @param expiresAt from [#expiry], in the future
  Minted mint(
      Call call,
      TokenRequest request,
      Subject subject,
      Decided decided,
      Instant now,
      Instant expiresAt) {
    Secret token =
        tokens.onBehalfOf(
            call.jti(),
            subject,
            request.client(),
            request.audience(),
            request.scope(),
            request.details(),
            decided.decision().policyVersion(),
            now,
            expiresAt);
    var result =
        new ExchangeResult.Issued(
            call.jti(), token, tokens.lifeOf(expiresAt), request.scope(), request.details());
    return new Minted(
        result, Outcomes.story(request, decided).put("exp", expiresAt.getEpochSecond()));
  }

  /// Whether a token that ends then would live at all.
  boolean isAlive(Instant expiresAt) {
    return tokens.lifeOf(expiresAt).isPositive();
  }

  /// A signed token that has not left yet, and its ledger entry that has not been written yet.
  record Minted(ExchangeResult.Issued result, ObjectNode story) {}
}
