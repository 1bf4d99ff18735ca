package dev.countersign.ledger;

import java.util.Locale;

/// Everything that a box writes down.
public enum LedgerEvent {
  EXCHANGE_PERMITTED,
  EXCHANGE_STEP_UP,
  EXCHANGE_DENIED,
  EXCHANGE_KILLED,
  EXCHANGE_REFUSED,
  EXCHANGE_REPEATED,
  TOKEN_REVOKED,
  APPROVAL_SENT,
  APPROVAL_GIVEN,
  APPROVAL_DENIED,
  APPROVAL_FAILED,
  POLICY_ACTIVATED,
  POLICY_REFUSED,
  SESSIONS_ENDED,
  LEASE_MINTED,
  LEASE_REFUSED,
  LEASE_RENEWED,
  LEASE_REVOKED,
  STATEMENT_RUN,
  CALL_FINISHED,
  CALL_REFUSED,
  EVENT_ACCEPTED,
  EVENT_REFUSED,
  EVENT_DELIVERED,
  EVENT_RECEIVED,
  KILL_STEP,
  KILL_FINISHED;

  /// The name as it stands in the ledger, such as `exchange-permitted`.
  public String wireName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
