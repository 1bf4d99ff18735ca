package dev.countersign.ledger;

import java.util.Locale;

/// Everything that a box writes down.
public enum LedgerEvent {
  /// A replica of a box began to write: its first entry, with version and configuration.
  BOX_STARTED,
  /// The last entry of a replica that stopped in order.
  BOX_STOPPED,
  EXCHANGE_PERMITTED,
  EXCHANGE_STEP_UP,
  EXCHANGE_DENIED,
  EXCHANGE_KILLED,
  EXCHANGE_REFUSED,
  EXCHANGE_REPEATED,
  TOKEN_REVOKED,
  CLIENT_CHANGED,
  KEY_CHANGED,
  APPROVAL_SENT,
  APPROVAL_GIVEN,
  APPROVAL_DENIED,
  APPROVAL_FAILED,
  APPROVAL_WITHDRAWN,
  APPROVAL_REFUSED,
  APPROVAL_MISUSED,
  PASSKEY_REGISTERED,
  PASSKEY_REMOVED,
  ACCESS_EVALUATED,
  POLICY_ACTIVATED,
  POLICY_REFUSED,
  SESSIONS_ENDED,
  ATTRIBUTES_WRITTEN,
  ATTRIBUTES_REFUSED,
  /// An operator let a person in again whose sessions had been ended.
  GATE_OPENED,
  LEASE_MINTED,
  LEASE_REFUSED,
  LEASE_RENEWED,
  LEASE_REVOKED,
  SESSION_OPENED,
  SESSION_REFUSED,
  SESSION_ENDED,
  WRAPPING_REFUSED,
  DEFINITION_WRITTEN,
  DEFINITION_REFUSED,
  STATEMENT_RUN,
  /// A call was carried to a server behind the gateway.
  CALL_FORWARDED,
  /// A server behind the gateway lists a tool that is not the approved one.
  TOOL_QUARANTINED,
  TOOL_APPROVED,
  TOOL_WITHDRAWN,
  CALL_FINISHED,
  CALL_REFUSED,
  EVENT_ACCEPTED,
  EVENT_REFUSED,
  EVENT_DELIVERED,
  /// A stream was changed: its delivery, its status, its subjects.
  STREAM_CHANGED,
  EVENT_RECEIVED,
  /// A person's key was thrown away, and with it all that was personal about them.
  PERSON_FORGOTTEN,
  /// A month of the ledger was dropped, under a signed statement of where each chain goes on.
  MONTH_DROPPED,
  /// Attacks were played on the installation, and the report on it was signed.
  PROOF_SIGNED,
  KILL_STEP,
  KILL_FINISHED,
  /// An operator had steps tried again that were given up.
  KILL_REVIVED,
  /// A token of a person whose sessions were ended was refused at userinfo, for the first time.
  KILL_SEEN,
  /// An operator had an event delivered again that was dead.
  EVENT_REVIVED,
  /// A stream keeps more than it may: the oldest were dropped.
  STREAM_OVERFLOWED;

  /// The name as it stands in the ledger, such as `exchange-permitted`.
  public String wireName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
