package dev.countersign.sts;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Decision;
import dev.countersign.policy.Match;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.StrictJson;
import java.time.Instant;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// How token requests end when no token leaves, and the ledger entry of each end. An outcome is in
/// the ledger before it is returned.
///
/// Threads may share it.
final class Outcomes {
  private static final int MAX_REASON = 200;

  private final Ledger ledger;
  private final Gate gate;

  Outcomes(Ledger ledger, Gate gate) {
    this.ledger = ledger;
    this.gate = gate;
  }

  /// The request or what it brought is not acceptable; nothing was decided.
  ExchangeResult refused(Call call, OAuthError error, String description) {
    String reason =
        description.length() > MAX_REASON ? description.substring(0, MAX_REASON) : description;
    ObjectNode data = StrictJson.object().put("error", error.code()).put("reason", reason);
    if (!call.client().isEmpty()) {
      data.put("client_id", call.client());
    }
    append(LedgerEvent.EXCHANGE_REFUSED, call, data);
    return new ExchangeResult.Refused(call.jti(), error, reason);
  }

  /// Policy said no.
  ExchangeResult denied(Call call, TokenRequest request, Decided decided) {
    append(LedgerEvent.EXCHANGE_DENIED, call, story(request, decided));
    return denied(call, "denied by policy", decided.decision());
  }

  /// Policy said no and ended the person's sessions.
  ExchangeResult killed(Call call, TokenRequest request, Decided decided, Instant now) {
    gate.close(
        new Kill(
            call.subject(),
            call.jti(),
            decided.decision().reason(),
            Kill.Initiator.POLICY,
            now,
            Kill.Announce.TRANSMITTER));
    append(LedgerEvent.EXCHANGE_KILLED, call, story(request, decided));
    return denied(
        call, "denied by policy, and every session of the subject was ended", decided.decision());
  }

  private static ExchangeResult denied(Call call, String description, Decision decision) {
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
    data.set("authorization_details", request.details().json());
    ArrayNode matches = data.putArray("matches");
    decision.matches().forEach(match -> matches.add(match.json()));
    data.set("inputs", decided.inputs());
    return data;
  }

  /// Writes one entry and returns when it is durable.
  void append(LedgerEvent event, Call call, ObjectNode data) {
    ledger.append(new LedgerEntry(event, call.jti(), call.subject(), data));
  }
}
