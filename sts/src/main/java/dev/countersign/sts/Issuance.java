package dev.countersign.sts;

import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
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
  /// @param now when the decision began, so that a kill that came meanwhile is after the token
  /// @param expiresAt from [#expiry], in the future
  Minted mint(
      Asked asked,
      TokenRequest request,
      Subject subject,
      Actor actor,
      Decided decided,
      Instant now,
      Instant expiresAt) {
    String jti = asked.call().jti();
    Secret token =
        tokens.onBehalfOf(
            new Tokens.OnBehalfOf(
                jti,
                subject,
                actor,
                asked.binding(),
                request,
                decided.decision().policyVersion(),
                now,
                expiresAt));
    var result =
        new ExchangeResult.Issued(
            jti,
            token,
            Possession.Binding.tokenType(asked.binding()),
            expiresAt,
            tokens.lifeOf(expiresAt),
            request.scope(),
            request.details());
    ObjectNode story = Outcomes.story(request, decided).put("exp", expiresAt.getEpochSecond());
    if (actor.issuer() != null || actor.prior() != null) {
      story.set("act", StrictJson.parse(actor.json()));
    }
    return new Minted(result, now, story);
  }

  /// Whether a token that ends then would live at all.
  boolean isAlive(Instant expiresAt) {
    return tokens.lifeOf(expiresAt).isPositive();
  }

  /// A signed token that has not left yet, and its ledger entry that has not been written yet.
  record Minted(ExchangeResult.Issued result, Instant issuedAt, ObjectNode story) {}
}
