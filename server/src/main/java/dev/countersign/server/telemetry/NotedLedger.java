package dev.countersign.server.telemetry;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.protocol.Spans;
import java.util.List;
import java.util.Map;

/// A ledger whose entries' ids stand at the spans as well, so that a span leads to the ledger: the
/// event, the `jti`, and the ids of lease, approval and login; nothing else of an entry.
public record NotedLedger(Ledger ledger) implements Ledger {
  private static final Map<String, String> IDS =
      Map.of(
          "lease_id", "countersign.lease_id",
          "approval_id", "countersign.approval_id",
          "login", "countersign.login",
          "user", "countersign.login",
          "tool", "gen_ai.tool.name",
          "outcome", "countersign.outcome");

  @Override
  public void append(LedgerEntry entry) {
    ledger.append(entry);
    note(entry);
  }

  @Override
  public void append(List<LedgerEntry> entries) {
    ledger.append(entries);
    entries.forEach(NotedLedger::note);
  }

  private static void note(LedgerEntry entry) {
    Spans.note("countersign.event", entry.event().wireName());
    Spans.note("countersign.jti", entry.jti());
    IDS.forEach((member, key) -> Spans.note(key, entry.data().path(member).asString("")));
  }
}
