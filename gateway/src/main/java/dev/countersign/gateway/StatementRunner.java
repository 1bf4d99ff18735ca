package dev.countersign.gateway;

import dev.countersign.gateway.tools.Statement;
import tools.jackson.databind.node.ObjectNode;

/// Runs one statement with one minted login and closes the connection.
@FunctionalInterface
public interface StatementRunner {

  /// Runs it. Never throws for what the database says.
  ///
  /// @param arguments the checked arguments that are bound to the parameters
  /// @param jti shown to the database as a convenience; nothing relies on it
  /// @param cut told how to stop it; once stopped, it commits nothing more
  StatementResult run(Statement statement, Lease lease, ObjectNode arguments, String jti, Cut cut);
}
