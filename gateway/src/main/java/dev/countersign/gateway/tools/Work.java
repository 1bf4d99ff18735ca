package dev.countersign.gateway.tools;

/// What a tool runs.
public sealed interface Work {
  /// One statement in a database, with a login for this call.
  ///
  /// @param role the broker's role whose login runs it
  record Sql(String role, Statement statement, ResultMapping result) implements Work {}

  /// A tool of a server behind this gateway.
  ///
  /// @param server the server's name in the configuration
  /// @param tool the tool's own name there
  record Forward(String server, String tool) implements Work {}
}
