package dev.countersign.gateway;

import tools.jackson.databind.node.ArrayNode;

/// How a statement ended.
public sealed interface StatementResult {
  /// It ran, and what it wrote is committed.
  ///
  /// @param rows one object per row
  /// @param truncated whether there were more rows than the limit
  record Ran(ArrayNode rows, boolean truncated) implements StatementResult {}

  /// It did not run to its end.
  ///
  /// @param sqlState PostgreSQL's five characters, or empty
  record Failed(Cause cause, String sqlState) implements StatementResult {}

  /// Why a statement did not run to its end.
  enum Cause {
    /// The time limit was reached; nothing was written.
    TIMEOUT,
    /// The database's own rules forbid it to this login.
    FORBIDDEN,
    /// The database refused the values or the state of the data.
    REFUSED,
    /// The answer is larger than the tool may return; nothing was written.
    TOO_LARGE,
    /// The database cannot be reached; nothing was written.
    AWAY,
    /// The connection broke while the work was being committed: nobody here can tell.
    UNKNOWN,
    /// Anything else; nothing was written.
    BROKEN
  }
}
