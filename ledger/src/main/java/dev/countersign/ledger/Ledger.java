package dev.countersign.ledger;

import dev.countersign.protocol.UnavailableException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where a box writes down what it did. Threads may share it.
@FunctionalInterface
public interface Ledger {

  /// Writes one entry and returns when it is durable.
  ///
  /// @throws LedgerAway if it cannot; then nothing may be granted
  void append(LedgerEntry entry);

  /// Writes entries that belong together, in their order, and returns when all are durable.
  ///
  /// @throws LedgerAway if it cannot; then any of them may be missing
  default void append(List<LedgerEntry> entries) {
    entries.forEach(this::append);
  }

  /// The ledger cannot be written now.
  final class LedgerAway extends UnavailableException {
    public LedgerAway(@Nullable Throwable cause) {
      super("the ledger cannot be written", cause);
    }
  }
}
