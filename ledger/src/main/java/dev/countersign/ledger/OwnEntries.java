package dev.countersign.ledger;

import java.util.List;
import java.util.Set;

/// What one box wrote of one person, read back by that box: of other boxes and other people it sees
/// nothing. Threads may share it.
@FunctionalInterface
public interface OwnEntries {

  /// The newest entries, newest first.
  ///
  /// @param subject the person, `anchor|id`
  /// @param limit at most 500
  /// @throws dev.countersign.protocol.UnavailableException if the ledger cannot be read
  List<LedgerRecord> of(String subject, Set<LedgerEvent> events, int limit);
}
