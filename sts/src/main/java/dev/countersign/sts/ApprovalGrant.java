package dev.countersign.sts;

import static dev.countersign.protocol.OAuthError.ACCESS_DENIED;
import static dev.countersign.protocol.OAuthError.AUTHORIZATION_PENDING;
import static dev.countersign.protocol.OAuthError.EXPIRED_TOKEN;
import static dev.countersign.protocol.OAuthError.INVALID_GRANT;
import static dev.countersign.protocol.OAuthError.SLOW_DOWN;
import static dev.countersign.protocol.OAuthError.UNAUTHORIZED_CLIENT;

import dev.countersign.policy.Decision;
import dev.countersign.policy.Stage;
import dev.countersign.policy.StepUpOptions;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.sts.stepup.Approval;
import dev.countersign.sts.stepup.ApprovalWatch;
import dev.countersign.sts.stepup.StepUps;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;

/// What follows a step-up: a person's approval becomes a token for exactly what was approved, once.
/// The client brings the proof of the approval, or polls for it.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc7523#section-2.1 RFC 7523 §2.1
/// @spec
///   https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#rfc.section.10.1
///   CIBA Core §10.1
final class ApprovalGrant {
  private final CurrentPolicy policy;
  private final Tokens tokens;
  private final StepUps stepUps;
  private final ApprovalWatch watch;
  private final Entrance entrance;
  private final Decisions decisions;
  private final Issuance issuance;
  private final Outcomes outcomes;
  private final InstantSource clock;

  ApprovalGrant(
      CurrentPolicy policy,
      Tokens tokens,
      StepUps stepUps,
      ApprovalWatch watch,
      Entrance entrance,
      Decisions decisions,
      Issuance issuance,
      Outcomes outcomes,
      InstantSource clock) {
    this.policy = policy;
    this.tokens = tokens;
    this.stepUps = stepUps;
    this.watch = watch;
    this.entrance = entrance;
    this.decisions = decisions;
    this.issuance = issuance;
    this.outcomes = outcomes;
    this.clock = clock;
  }

  /// The second leg with an assertion.
  ExchangeResult redeem(Asked asked) {
    TokenRequest request = TokenRequest.parse(asked.form(), asked.client(), policy.types());
    String assertion = TokenRequest.required(asked.form(), "assertion");
    return switch (tokens.checkApproval(assertion)) {
      case JwtCheck.Verified(VerifiedJwt jwt) -> {
        Optional<Approval> approval = stepUps.find(jwt.text("approval_id").orElse(""));
        yield approval.isEmpty()
            ? outcomes.refused(asked.call(), INVALID_GRANT, "assertion: there is no such approval")
            : redeem(joined(asked, approval.get()), request, approval.get());
      }
      case JwtCheck.Rejected(String reason) ->
          outcomes.refused(asked.call(), INVALID_GRANT, "assertion: " + reason);
      case JwtCheck.Unavailable(String reason) ->
          throw new KeySource.KeysUnavailableException(reason);
    };
  }

  /// The poll of a client that is registered for it.
  ExchangeResult poll(Asked asked) {
    if (!asked.client().options().standardStepUp()) {
      return outcomes.refused(
          asked.call(),
          UNAUTHORIZED_CLIENT,
          "this client is not registered with step-up: standard");
    }
    String id = TokenRequest.required(asked.form(), "auth_req_id");
    Instant now = clock.instant();
    Optional<StepUps.Polled> polled = stepUps.poll(id, asked.client().id(), now);
    if (polled.isEmpty()) {
      return outcomes.refused(asked.call(), INVALID_GRANT, "auth_req_id is not one of this client");
    }
    Approval approval = polled.get().approval();
    Asked joined = joined(asked, approval);
    return approval.state(now) == Approval.State.PENDING
        ? waiting(joined, polled.get())
        : settled(joined, approval, now);
  }

  private ExchangeResult settled(Asked joined, Approval approval, Instant now) {
    return switch (approval.state(now)) {
      case PENDING ->
          throw new IllegalStateException("an approval that is answered does not wait again");
      case APPROVED -> redeem(joined, requestOf(approval, joined), approval);
      case EXPIRED ->
          outcomes.refused(joined.call(), EXPIRED_TOKEN, "auth_req_id: the approval has expired");
      case DENIED, SUSPICIOUS, FAILED, CANCELLED ->
          outcomes.refused(joined.call(), ACCESS_DENIED, "the approval was not given");
      case USED ->
          outcomes.refused(joined.call(), INVALID_GRANT, "auth_req_id: it was used before");
    };
  }

  /// A client that prefers to wait is answered as soon as the person has answered; one that asks
  /// too often is not kept.
  private ExchangeResult waiting(Asked asked, StepUps.Polled polled) {
    Entrance.Entry entry = entrance.enter(asked.call().proofs().settle(), "", "");
    if (entry.replayed() != null) {
      return outcomes.replayed(asked.call(), entry.replayed());
    }
    if (!polled.tooSoon()) {
      Approval seen = watch.settled(polled.approval(), asked.presented().patience());
      Instant now = clock.instant();
      if (seen.state(now) != Approval.State.PENDING) {
        return settled(asked, seen, now);
      }
    }
    return new ExchangeResult.Waiting(
        asked.call().jti(),
        polled.tooSoon() ? SLOW_DOWN : AUTHORIZATION_PENDING,
        polled.interval());
  }

  private TokenRequest requestOf(Approval approval, Asked asked) {
    return new TokenRequest(
        asked.client(),
        approval.scope(),
        Set.of(approval.scope().split(" ", -1)),
        approval.audience(),
        approval.details(),
        policy.types());
  }

  private static Asked joined(Asked asked, Approval approval) {
    return asked.as(asked.call().joined(approval.jti()).of(approval.person()));
  }

  private ExchangeResult redeem(Asked asked, TokenRequest request, Approval approval) {
    Instant now = clock.instant();
    Subject subject = approval.person();
    Optional<String> swapped = swapped(request, approval);
    if (swapped.isPresent()) {
      stepUps.misused(approval, swapped.get());
      return outcomes.refused(asked.call(), INVALID_GRANT, swapped.get());
    }
    Optional<String> unusable = unusable(approval, now);
    if (unusable.isPresent()) {
      switch (approval.state(now)) {
        case APPROVED, USED -> stepUps.odd(approval, unusable.get());
        case PENDING, DENIED, SUSPICIOUS, FAILED, CANCELLED, EXPIRED -> {}
      }
      return outcomes.refused(asked.call(), INVALID_GRANT, unusable.get());
    }
    Entrance.Entry entry =
        entrance.enter(asked.call().proofs().settle(), subject.key(), asked.client().id());
    if (entry.replayed() != null) {
      return outcomes.replayed(asked.call(), entry.replayed());
    }
    if (entry.closedAt() != null && !subject.signedInAfter(entry.closedAt())) {
      return outcomes.refused(asked.call(), INVALID_GRANT, ExchangeGrant.SESSION_REVOKED);
    }
    return decided(asked, request, approval, now);
  }

  private ExchangeResult decided(
      Asked asked, TokenRequest request, Approval approval, Instant now) {
    Call call = asked.call();
    Subject subject = approval.person();
    Decisions.Known known = decisions.known(request, subject, approval.actor().key(), now);
    Instant expiresAt = issuance.expiry(request, subject, now);
    boolean isAlive = issuance.isAlive(expiresAt);
    boolean isSamePolicy = approval.policyVersion().equals(known.policy().version());
    var intended = new Decisions.Intended(call.jti(), request.audience(), expiresAt);
    Decided decided =
        isAlive && isSamePolicy
            ? decisions.decide(known, Stage.APPROVED, intended)
            : decisions.judge(known, Stage.APPROVED);
    return switch (decided.decision()) {
      case Decision.Deny _ -> outcomes.denied(call, request, decided, now);
      case Decision.Kill _ -> outcomes.killed(call, request, decided, now);
      case Decision.Permit _, Decision.StepUp _ -> {
        if (decided.decision() instanceof Decision.StepUp stepUp
            && !suffices(approval, stepUp.options())) {
          decisions.release(call, decided);
          yield outcomes.refused(
              call, INVALID_GRANT, "the policy asks for another approval by now; ask again");
        }
        if (!isSamePolicy) {
          yield outcomes.refused(
              call,
              INVALID_GRANT,
              "the policy, or the definition of a type, has changed since the approval; ask again");
        }
        yield isAlive
            ? use(asked, request, approval, decided, now, expiresAt)
            : outcomes.refused(
                call, INVALID_GRANT, "the subject token has expired since the approval");
      }
    };
  }

  /// Whether what was approved, and by whom, is what the policy asks for now: what counts for it
  /// may have changed since.
  private static boolean suffices(Approval approval, StepUpOptions options) {
    Set<Set<String>> given = Set.copyOf(approval.approvers());
    boolean isBySomeoneRight =
        options.by().stream().allMatch(by -> given.contains(Set.copyOf(by.marks())));
    boolean isByFactor =
        options.factors().isEmpty()
            || (!approval.factors().isEmpty() && options.factors().containsAll(approval.factors()));
    return isBySomeoneRight && isByFactor;
  }

  /// What a request wants that was not what the person approved.
  private static Optional<String> swapped(TokenRequest request, Approval approval) {
    if (!approval.client().equals(request.client().id())) {
      return Optional.of("assertion: the approval is another client's");
    }
    if (!approval.details().digest().equals(request.details().digest())) {
      return Optional.of("authorization_details are not those that were approved");
    }
    if (!approval.audience().equals(request.audience())) {
      return Optional.of("resource is not the one that was approved");
    }
    if (!Set.of(approval.scope().split(" ", -1)).containsAll(request.scopes())) {
      return Optional.of("scope is wider than what was approved");
    }
    return Optional.empty();
  }

  private static Optional<String> unusable(Approval approval, Instant now) {
    switch (approval.state(now)) {
      case APPROVED -> {}
      case USED -> {
        return Optional.of("assertion: the approval was used before");
      }
      case EXPIRED -> {
        return Optional.of("assertion: the approval has expired");
      }
      case PENDING, DENIED, SUSPICIOUS, FAILED, CANCELLED -> {
        return Optional.of("assertion: the approval was not given");
      }
    }
    if (!approval.isFresh(now)) {
      return Optional.of("assertion: the approval is older than the policy allows");
    }
    return Optional.empty();
  }

  private ExchangeResult use(
      Asked asked,
      TokenRequest request,
      Approval approval,
      Decided decided,
      Instant now,
      Instant expiresAt) {
    Issuance.Minted minted =
        issuance.mint(asked, request, approval.person(), approval.actor(), decided, now, expiresAt);
    minted.story().put("approval_id", approval.id());
    boolean isOurs =
        stepUps.consume(approval.id(), now, () -> outcomes.permitted(asked.call(), minted));
    if (isOurs) {
      return minted.result();
    }
    decisions.release(asked.call(), decided);
    return outcomes.refused(asked.call(), INVALID_GRANT, "assertion: the approval was used before");
  }
}
