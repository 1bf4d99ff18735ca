package dev.countersign.ledger;

import dev.countersign.protocol.UnavailableException;
import org.jspecify.annotations.Nullable;

/// Where a box writes down what it did. Threads may share it.
@FunctionalInterface
public interface Ledger {

  /// Writes one entry and returns when it is durable.
  ///
  /// @throws LedgerAway if it cannot; then nothing may be granted
  void append(LedgerEntry entry);

  /// The ledger cannot be written now.
  final class LedgerAway extends UnavailableException {
    public LedgerAway(@Nullable Throwable cause) {
      super("the ledger cannot be written", cause);
    }
  }
}
