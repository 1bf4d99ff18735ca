package dev.countersign.ledger;

import java.util.List;

/// Reads the ledger, for traces and audits. Threads may share it.
public interface LedgerReader {

  /// Everything that happened under one `jti`, in the order of time.
  List<LedgerRecord> trace(String jti);

  /// The newest entries, newest first.
  List<LedgerRecord> recent(int limit);

  /// Checks every chain: each hash follows from the record before, and no number is missing.
  ///
  /// @return what is wrong, one sentence a break; empty if the ledger is whole
  List<String> breaks();
}
