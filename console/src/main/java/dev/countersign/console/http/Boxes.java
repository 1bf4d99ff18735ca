package dev.countersign.console.http;

import dev.countersign.ledger.LedgerReader;
import dev.countersign.ledger.LedgerRecord;
import java.util.List;
import java.util.Map;

/// The boxes by the names that people know them by.
final class Boxes {
  private static final Map<String, String> NAMES =
      Map.of(
          "sts", "Token service",
          "broker", "Credential broker",
          "gateway", "Gateway",
          "transmitter", "Signals",
          "receiver", "Kill switch");
  private static final String GATEWAY = "gateway";

  private Boxes() {}

  static String name(String box) {
    return NAMES.getOrDefault(box, box);
  }

  /// Which box refused a call, by what the ledger says: the innermost that wrote a refusal.
  static String refused(LedgerReader ledger, String jti) {
    List<LedgerRecord> records = jti.isEmpty() ? List.of() : ledger.trace(jti);
    String box = GATEWAY;
    for (LedgerRecord record : records) {
      boolean isNo =
          List.of("denied", "refused", "killed").stream().anyMatch(record.event()::endsWith);
      if (isNo && !record.box().equals(GATEWAY)) {
        box = record.box();
      }
    }
    return name(box);
  }
}
