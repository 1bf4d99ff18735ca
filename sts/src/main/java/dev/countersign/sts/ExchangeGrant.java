package dev.countersign.sts;

import static dev.countersign.protocol.OAuthError.INVALID_REQUEST;

import dev.countersign.policy.Decision;
import dev.countersign.policy.Stage;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.TokenTypes;
import java.time.Instant;
import java.time.InstantSource;

/// The token exchange grant: person, actor, gate, decision, then a token, a question or a refusal.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8693#section-2 RFC 8693 §2
final class ExchangeGrant {
  static final String SESSION_REVOKED = "the session of the subject was revoked";

  private final TokenLimits limits;
  private final SubjectSource subjects;
  private final Delegation delegation;
  private final CurrentPolicy policy;
  private final Entrance entrance;
  private final Decisions decisions;
  private final Issuance issuance;
  private final Challenges challenges;
  private final Outcomes outcomes;
  private final InstantSource clock;

  ExchangeGrant(
      TokenLimits limits,
      SubjectSource subjects,
      Delegation delegation,
      CurrentPolicy policy,
      Entrance entrance,
      Decisions decisions,
      Issuance issuance,
      Challenges challenges,
      Outcomes outcomes,
      InstantSource clock) {
    this.limits = limits;
    this.subjects = subjects;
    this.delegation = delegation;
    this.policy = policy;
    this.entrance = entrance;
    this.decisions = decisions;
    this.issuance = issuance;
    this.challenges = challenges;
    this.outcomes = outcomes;
    this.clock = clock;
  }

  ExchangeResult answer(Asked asked) {
    String requested =
        asked.form().getOrDefault("requested_token_type", TokenTypes.ACCESS_TOKEN_URN);
    if (!requested.equals(TokenTypes.ACCESS_TOKEN_URN) && !requested.equals(TokenTypes.JWT_URN)) {
      return outcomes.refused(
          asked.call(),
          INVALID_REQUEST,
          "requested_token_type can only be the one for access tokens");
    }
    TokenRequest request = TokenRequest.parse(asked.form(), asked.client(), policy.types());
    // INVARIANT: `now` is read before the gate. A kill that comes later is later than the token's
    // `iat`, so userinfo and the broker refuse the token.
    Instant now = clock.instant();
    return switch (subjects.of(asked, now)) {
      case SubjectSource.Result.Found found ->
          found(asked.as(asked.call().of(found.subject())), request, found, now);
      case SubjectSource.Result.Refused(String reason, Anchor anchor, String token) ->
          outcomes.refusedSubject(asked.call(), reason, anchor, token, now);
    };
  }

  private ExchangeResult found(
      Asked asked, TokenRequest request, SubjectSource.Result.Found found, Instant now) {
    Actor current = delegation.actorOf(asked, now);
    if (!delegation.mayAct(found.mayAct(), asked.client(), current)) {
      return outcomes.refused(
          asked.call(), INVALID_REQUEST, "subject_token: `may_act` does not name this actor");
    }
    SubjectSource.Chain chain = found.chain();
    Actor actor = delegation.chained(current, chain == null ? null : chain.actor());
    if (chain != null) {
      chain.check(request);
    }
    Entrance.Entry entry =
        entrance.enter(
            asked.call().proofs().settle(),
            found.subject().key(),
            asked.client().id(),
            new Entrance.Token(
                Digest.sha256(asked.client().id() + "\n" + found.token()),
                found.subject().expiresAt()));
    if (entry.replayed() != null) {
      return outcomes.replayed(asked.call(), entry.replayed());
    }
    if (!limits.allow(entry.uses())) {
      return outcomes.refused(
          asked.call(), INVALID_REQUEST, "subject_token: it was exchanged too often");
    }
    if (found.isLockedOut(entry.closedAt())) {
      return outcomes.refused(asked.call(), INVALID_REQUEST, SESSION_REVOKED);
    }
    return decided(asked, request, found.subject(), actor, now);
  }

  private ExchangeResult decided(
      Asked asked, TokenRequest request, Subject subject, Actor actor, Instant now) {
    Call call = asked.call();
    Instant expiresAt = issuance.expiry(request, subject, now);
    if (!issuance.isAlive(expiresAt)) {
      return outcomes.refused(call, INVALID_REQUEST, "subject_token: `exp` has passed");
    }
    Decisions.Known known = decisions.known(request, subject, actor.key(), now);
    var intended = new Decisions.Intended(call.jti(), request.audience(), expiresAt);
    Decided decided = decisions.decide(known, Stage.FIRST, intended);
    return switch (decided.decision()) {
      case Decision.Permit _ ->
          outcomes.permitted(
              call, issuance.mint(asked, request, subject, actor, decided, now, expiresAt));
      case Decision.StepUp stepUp ->
          challenges.ask(
              call, request, subject, actor, known.facts(), decided, stepUp.options(), now);
      case Decision.Deny _ -> outcomes.denied(call, request, decided, now);
      case Decision.Kill _ -> outcomes.killed(call, request, decided, now);
    };
  }
}
