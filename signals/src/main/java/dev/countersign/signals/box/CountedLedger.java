package dev.countersign.signals.box;

import dev.countersign.box.Metrics;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;

/// A ledger that counts what is written, so that metrics and ledger tell the same story.
final class CountedLedger implements Ledger {
  private final Ledger ledger;
  private final Metrics metrics;

  CountedLedger(Ledger ledger, Metrics metrics) {
    this.ledger = ledger;
    this.metrics = metrics;
  }

  @Override
  public void append(LedgerEntry entry) {
    ledger.append(entry);
    if (entry.event() == LedgerEvent.KILL_STEP) {
      metrics
          .counter(
              "countersign.kill.steps",
              "handler",
              entry.data().path("handler").asString(""),
              "outcome",
              entry.data().path("outcome").asString(""))
          .increment();
    } else {
      metrics.counter("countersign.signals", "event", entry.event().wireName()).increment();
    }
  }
}
