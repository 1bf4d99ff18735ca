package dev.countersign.sts;

import java.time.Instant;

/// The end of every session of one person.
///
/// @param subject the person's key
/// @param txn the `jti` of the exchange that caused it, or a fresh id
/// @param reason one lower-case sentence for the event and the ledger
/// @param initiator who ended them
/// @param announce whether the transmitter is to be told; false where it told us
public record Kill(
    String subject, String txn, String reason, Initiator initiator, Instant at, Announce announce) {

  /// CAEP's `initiating_entity`.
  public enum Initiator {
    ADMIN,
    POLICY,
    USER,
    SYSTEM
  }

  /// Whether an event goes out.
  public enum Announce {
    TRANSMITTER,
    NOBODY
  }
}
