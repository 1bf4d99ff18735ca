package dev.countersign.broker;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;

/// Writes down requests that were refused before anybody read who sent them.
///
/// Threads may share it.
public final class Refusals {
  private final Ledger ledger;

  public Refusals(Ledger ledger) {
    this.ledger = ledger;
  }

  /// Notes a malformed request.
  ///
  /// @param operation what was asked for, in our words
  /// @param reason which member is wrong, never its value
  public void malformed(String operation, String reason) {
    refused(operation, Refusal.MALFORMED, reason);
  }

  /// Notes a request that nobody may make, or nobody proved to make.
  public void refused(String operation, Refusal refusal, String reason) {
    ledger.append(
        new LedgerEntry(
            LedgerEvent.LEASE_REFUSED,
            "",
            "",
            StrictJson.object()
                .put("reason", refusal.code())
                .put("detail", reason)
                .put("operation", operation)));
  }
}
