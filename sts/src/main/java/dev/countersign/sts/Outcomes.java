package dev.countersign.sts;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Decision;
import dev.countersign.policy.Match;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.clients.Proofs;
import dev.countersign.sts.diagnosis.Code;
import dev.countersign.sts.diagnosis.Errors;
import dev.countersign.sts.diagnosis.Expected;
import dev.countersign.sts.diagnosis.Finding;
import dev.countersign.sts.diagnosis.TokenDoctor;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// How token requests end, and the ledger entry of each end. An outcome is in the ledger before it
/// is returned, and no outcome leaves while a proof of its call is not used up.
///
/// Threads may share it.
final class Outcomes {
  static final String USED_BEFORE = "client_assertion: it was used before";

  private static final int MAX_REASON = 200;

  private final Ledger ledger;
  private final Gate gate;
  private final Entrance entrance;
  private final Optional<DecisionSettings.Blocked> blocked;

  /// @param blocked how many blocked calls end a person's sessions
  Outcomes(
      Ledger ledger, Gate gate, Entrance entrance, Optional<DecisionSettings.Blocked> blocked) {
    this.ledger = ledger;
    this.gate = gate;
    this.entrance = entrance;
    this.blocked = blocked;
  }

  /// The request or what it brought is not acceptable; nothing was decided.
  ExchangeResult refused(Call call, OAuthError error, String description) {
    Proofs.Use replayed = replayed(call.proofs());
    if (replayed != null) {
      return replayed(call, replayed);
    }
    Code code = Errors.of(error, description);
    return refused(call, error, description, code, StrictJson.object().put("code", code.text()));
  }

  /// The subject token is not acceptable. The ledger gets what a look at the token tells; the
  /// caller the part of it that is about the token alone.
  ExchangeResult refusedSubject(
      Call call, String reason, Anchor anchor, String token, Instant now) {
    Proofs.Use replayed = replayed(call.proofs());
    if (replayed != null) {
      return replayed(call, replayed);
    }
    Code general = Errors.of(OAuthError.INVALID_REQUEST, "subject_token: " + reason);
    Optional<Finding> cause =
        new TokenDoctor(Expected.of(anchor), now)
            .examine(token).stream()
                .filter(finding -> finding.severity() == Finding.Severity.PROBLEM)
                .findFirst();
    Code code = cause.map(Finding::code).orElse(general);
    ObjectNode data = StrictJson.object().put("code", code.text());
    cause.ifPresent(finding -> data.put("seen", finding.seen()));
    return refused(
        call,
        OAuthError.INVALID_REQUEST,
        "subject_token: " + reason,
        code.audience() == Code.Audience.CALLER ? code : general,
        data);
  }

  private Proofs.@Nullable Use replayed(Proofs proofs) {
    return proofs.isSettled() ? null : entrance.enter(proofs.settle(), "", "").replayed();
  }

  /// A proof of the call was used before, so nobody is proven.
  ExchangeResult replayed(Call call, Proofs.Use use) {
    boolean isDpop = Possession.isDpop(use);
    OAuthError error = isDpop ? OAuthError.INVALID_DPOP_PROOF : OAuthError.INVALID_CLIENT;
    String description = isDpop ? "the DPoP proof: it was used before" : USED_BEFORE;
    Code code = Errors.of(error, description);
    return refused(call, error, description, code, StrictJson.object().put("code", code.text()));
  }

  private ExchangeResult refused(
      Call call, OAuthError error, String description, Code told, ObjectNode noted) {
    String reason =
        description.length() > MAX_REASON ? description.substring(0, MAX_REASON) : description;
    ObjectNode data = StrictJson.object().put("error", error.code()).put("reason", reason);
    data.setAll(noted);
    if (!call.client().isEmpty()) {
      data.put("client_id", call.client());
    }
    append(LedgerEvent.EXCHANGE_REFUSED, call, data);
    return new ExchangeResult.Refused(call.jti(), error, coded(reason, told));
  }

  private static String coded(String description, Code code) {
    return description + " (" + code.text() + ")";
  }

  /// A token was minted. It is kept for a retry, if one may come, then written down, and only then
  /// may leave.
  ExchangeResult permitted(Call call, Issuance.Minted minted) {
    if (!call.proofs().isSettled()) {
      throw new IllegalStateException("a token must not leave before its proofs are used up");
    }
    if (call.claim() != null) {
      call.claim().keep(minted.result(), call.subject(), minted.issuedAt());
    }
    append(LedgerEvent.EXCHANGE_PERMITTED, call, minted.story());
    return minted.result();
  }

  /// A retry gets the answer that its first try got.
  ExchangeResult repeated(Call call, ExchangeResult again) {
    append(
        LedgerEvent.EXCHANGE_REPEATED, call, StrictJson.object().put("client_id", call.client()));
    return again;
  }

  /// Policy said no.
  ExchangeResult denied(Call call, TokenRequest request, Decided decided, Instant now) {
    if (blocked
        .filter(limit ->
            gate.closeIfBlockedTooOften(
                kill(call, limit.calls() + " blocked calls within " + limit.within(), now),
                limit.calls(),
                limit.within()))
        .isPresent()) {
      return told(call, request, decided, now);
    }
    var denied = denied(call, coded("denied by policy", Code.DENIED), decided.decision());
    if (call.claim() != null) {
      call.claim().keep(denied, call.subject(), now);
    }
    append(LedgerEvent.EXCHANGE_DENIED, call, story(request, decided));
    return denied;
  }

  /// Policy said no and ended the person's sessions.
  ExchangeResult killed(Call call, TokenRequest request, Decided decided, Instant now) {
    gate.close(kill(call, decided.decision().reason(), now));
    return told(call, request, decided, now);
  }

  private static Kill kill(Call call, String reason, Instant now) {
    return new Kill(
        call.subject(), call.jti(), reason, Kill.Initiator.POLICY, now, Kill.Announce.TRANSMITTER);
  }

  private ExchangeResult told(Call call, TokenRequest request, Decided decided, Instant now) {
    append(
        LedgerEvent.EXCHANGE_KILLED,
        call,
        story(request, decided).put("decided_at", now.toString()));
    return denied(
        call,
        coded("denied by policy, and every session of the subject was ended", Code.KILLED),
        decided.decision());
  }

  private static ExchangeResult.Denied denied(Call call, String description, Decision decision) {
    var reasons = decision.decisive().stream().map(Match::reason).distinct().toList();
    return new ExchangeResult.Denied(
        call.jti(),
        description,
        reasons.isEmpty() ? List.of(decision.reason()) : reasons,
        decision.decisive());
  }

  /// What was asked and how it was decided, for the ledger.
  static ObjectNode story(TokenRequest request, Decided decided) {
    Decision decision = decided.decision();
    ObjectNode data =
        StrictJson.object()
            .put("client_id", request.client().id())
            .put("audience", request.audience())
            .put("scope", request.scope())
            .put("outcome", decision.outcome().code())
            .put("reason", decision.reason())
            .put("policy_version", decision.policyVersion())
            .put("digest", request.details().digest());
    data.set("authorization_details", request.types().forAudit(request.details()));
    ArrayNode matches = data.putArray("matches");
    decision
        .matches()
        .forEach(match -> matches.add(request.types().forAudit(match, request.details())));
    data.set("inputs", decided.inputs());
    return data;
  }

  /// Writes one entry and returns when it is durable.
  void append(LedgerEvent event, Call call, ObjectNode data) {
    ledger.append(new LedgerEntry(event, call.jti(), call.subject(), data));
  }
}
