package dev.countersign.signals.box;

import dev.countersign.box.Metrics;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import java.time.Duration;
import tools.jackson.databind.JsonNode;

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
      if (entry.data().path("outcome").asString("").equals("done")) {
        hop(entry.data().path("handler").asString(""), entry.data().path("millis"));
      }
    } else {
      metrics.counter("countersign.signals", "event", entry.event().wireName()).increment();
    }
    if (entry.event() == LedgerEvent.KILL_FINISHED) {
      hop("received", entry.data().path("millis").path("received"));
    }
  }

  /// How long after the event a hop of a kill was done; events count in whole seconds, so up to a
  /// second of it is none.
  private void hop(String name, JsonNode millis) {
    metrics
        .timer("countersign.kill.hop", "hop", name)
        .record(Duration.ofMillis(Math.max(0, millis.asLong(0))));
  }
}
