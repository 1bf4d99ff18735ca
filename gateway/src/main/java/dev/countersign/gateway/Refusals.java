package dev.countersign.gateway;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import tools.jackson.databind.node.ObjectNode;

/// Writes down every request that was refused before it became a call. Threads may share it.
public final class Refusals {
  private final Ledger ledger;

  public Refusals(Ledger ledger) {
    this.ledger = ledger;
  }

  /// Writes one entry.
  ///
  /// @param subject empty where nobody is proven
  /// @param reason never a value of the request
  public void record(String subject, String reason) {
    ObjectNode data = StrictJson.object();
    data.put("box", "gateway").put("reason", reason);
    ledger.append(new LedgerEntry(LedgerEvent.CALL_REFUSED, "", subject, data));
  }
}
