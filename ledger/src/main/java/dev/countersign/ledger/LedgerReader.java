package dev.countersign.ledger;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Reads the ledger, for traces and audits. Threads may share it.
public interface LedgerReader {

  /// Everything that happened under one `jti`, in the order of time.
  List<LedgerRecord> trace(String jti);

  /// The `jti` of what runs, or ran, in a trace that began at a time: for whoever named the trace
  /// in a call that has not answered yet.
  ///
  /// @param traceId as [dev.countersign.protocol.TraceContext] has it
  Optional<String> jtiIn(String traceId, Instant since);

  /// The newest entries, newest first.
  List<LedgerRecord> recent(int limit);

  /// Checks every chain: each hash follows from the record before, and no number is missing.
  ///
  /// @return what is wrong, one sentence a break; empty if the ledger is whole
  List<String> breaks();
}
