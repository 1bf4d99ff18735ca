package dev.countersign.sts;

import dev.countersign.policy.Match;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.Secret;
import dev.countersign.sts.stepup.Approval;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// How a token request ended. Every way it can end is listed here.
public sealed interface ExchangeResult {
  /// The id that joins everything about this request.
  String jti();

  /// An on-behalf-of token was minted (RFC 8693 §2.2.1).
  ///
  /// @param tokenType how it is presented: `Bearer` or `DPoP`
  /// @param expiresIn from now
  record Issued(
      String jti,
      Secret accessToken,
      String tokenType,
      Instant expiresAt,
      Duration expiresIn,
      String scope,
      AuthorizationDetails details)
      implements ExchangeResult {}

  /// A token about the client itself was minted (RFC 6749 §4.4.3).
  ///
  /// @param expiresIn from now
  record OfClient(String jti, Secret accessToken, Duration expiresIn, String scope)
      implements ExchangeResult {}

  /// The person must approve first.
  ///
  /// @param challenge opens the verification endpoint of this approval and nothing else
  /// @param expiresIn the challenge's life
  /// @param polls whether the client polls, instead of coming back with an assertion
  record StepUpRequired(
      String jti, Secret challenge, Duration expiresIn, Approval approval, boolean polls)
      implements ExchangeResult {}

  /// Policy or a person said no.
  ///
  /// @param reasons sentences for people
  /// @param decisive the rules that made the decision; callers see only a part of each
  record Denied(String jti, String description, List<String> reasons, List<Match> decisive)
      implements ExchangeResult {
    public Denied {
      reasons = List.copyOf(reasons);
      decisive = List.copyOf(decisive);
    }
  }

  /// The person has not answered yet, and nothing happened.
  ///
  /// @param error `authorization_pending` or `slow_down`
  record Waiting(String jti, OAuthError error, Duration interval) implements ExchangeResult {}

  /// Nothing was issued, and nothing was decided.
  ///
  /// @param description for the caller's developer; no token, secret or personal data
  record Refused(String jti, OAuthError error, String description) implements ExchangeResult {}
}
