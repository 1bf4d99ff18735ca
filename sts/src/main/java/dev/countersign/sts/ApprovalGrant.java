package dev.countersign.sts;

import static dev.countersign.protocol.OAuthError.INVALID_GRANT;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Decision;
import dev.countersign.policy.Stage;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.sts.stepup.Approval;
import dev.countersign.sts.stepup.StepUps;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The second leg: the proof that a person approved becomes a token for exactly what was approved,
/// once.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc7523#section-2.1 RFC 7523 §2.1
final class ApprovalGrant {
  private final CurrentPolicy policy;
  private final Tokens tokens;
  private final StepUps stepUps;
  private final Decisions decisions;
  private final Issuance issuance;
  private final Outcomes outcomes;
  private final InstantSource clock;

  ApprovalGrant(
      CurrentPolicy policy,
      Tokens tokens,
      StepUps stepUps,
      Decisions decisions,
      Issuance issuance,
      Outcomes outcomes,
      InstantSource clock) {
    this.policy = policy;
    this.tokens = tokens;
    this.stepUps = stepUps;
    this.decisions = decisions;
    this.issuance = issuance;
    this.outcomes = outcomes;
    this.clock = clock;
  }

  ExchangeResult answer(Call call, Client client, Map<String, String> form) {
    TokenRequest request = TokenRequest.parse(form, client, policy.types());
    String assertion = TokenRequest.required(form, "assertion");
    return switch (tokens.checkApproval(assertion)) {
      case JwtCheck.Verified(VerifiedJwt jwt) -> {
        Optional<Approval> approval = stepUps.find(jwt.text("approval_id").orElse(""));
        yield approval.isEmpty()
            ? outcomes.refused(call, INVALID_GRANT, "assertion: there is no such approval")
            : redeem(
                call.joined(approval.get().jti()).of(approval.get().person()),
                request,
                approval.get());
      }
      case JwtCheck.Rejected(String reason) ->
          outcomes.refused(call, INVALID_GRANT, "assertion: " + reason);
      case JwtCheck.Unavailable(String reason) ->
          throw new KeySource.KeysUnavailableException(reason);
    };
  }

  private ExchangeResult redeem(Call call, TokenRequest request, Approval approval) {
    Instant now = clock.instant();
    Subject subject = approval.person();
    Optional<String> mismatch = mismatch(request, approval, now);
    if (mismatch.isPresent()) {
      return outcomes.refused(call, INVALID_GRANT, mismatch.get());
    }
    Decisions.Known known = decisions.known(request, subject, now);
    if (known.isLockedOut(subject)) {
      return outcomes.refused(call, INVALID_GRANT, ExchangeGrant.SESSION_REVOKED);
    }
    Instant expiresAt = issuance.expiry(request, subject, now);
    boolean isAlive = issuance.isAlive(expiresAt);
    boolean isSamePolicy = approval.policyVersion().equals(known.policy().version());
    var intended = new Decisions.Intended(call.jti(), request.audience(), expiresAt);
    Decided decided =
        isAlive && isSamePolicy
            ? decisions.decide(known, Stage.APPROVED, intended)
            : decisions.judge(known, Stage.APPROVED);
    return switch (decided.decision()) {
      case Decision.Deny _ -> outcomes.denied(call, request, decided);
      case Decision.Kill _ -> outcomes.killed(call, request, decided, now);
      case Decision.Permit _, Decision.StepUp _ -> {
        if (!isSamePolicy) {
          yield outcomes.refused(call, INVALID_GRANT, "the policy has changed since the approval");
        }
        yield isAlive
            ? use(call, request, approval, decided, now, expiresAt)
            : outcomes.refused(
                call, INVALID_GRANT, "the subject token has expired since the approval");
      }
    };
  }

  private static Optional<String> mismatch(TokenRequest request, Approval approval, Instant now) {
    if (!approval.client().equals(request.client().id())) {
      return Optional.of("assertion: the approval is another client's");
    }
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

  private ExchangeResult use(
      Call call,
      TokenRequest request,
      Approval approval,
      Decided decided,
      Instant now,
      Instant expiresAt) {
    Issuance.Minted minted =
        issuance.mint(call, request, approval.person(), decided, now, expiresAt);
    minted.story().put("approval_id", approval.id());
    boolean isOurs =
        stepUps.consume(
            approval.id(),
            now,
            () -> outcomes.append(LedgerEvent.EXCHANGE_PERMITTED, call, minted.story()));
    if (isOurs) {
      return minted.result();
    }
    decisions.release(decided);
    return outcomes.refused(call, INVALID_GRANT, "assertion: the approval was used before");
  }
}
