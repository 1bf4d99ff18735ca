package dev.countersign.gateway.tools;

import java.util.Optional;

/// What a tool runs.
public sealed interface Work {
  /// One statement in a database, with a login for this call.
  ///
  /// @param role the broker's role whose login runs it
  record Sql(String role, Statement statement, ResultMapping result) implements Work {}

  /// Something at a server behind this gateway.
  sealed interface Behind extends Work {
    /// The server's name in the configuration.
    String server();

    /// What it is called there, for the ledger.
    String there();
  }

  /// A tool of a server behind this gateway.
  ///
  /// @param server the server's name in the configuration
  /// @param tool the tool's own name there
  record Forward(String server, String tool) implements Behind {
    @Override
    public String there() {
      return tool;
    }
  }

  /// A resource there.
  ///
  /// @param role the broker's role, where the server takes a database login
  record Read(String server, UriTemplate uri, Optional<String> role) implements Behind {
    @Override
    public String there() {
      return uri.text();
    }
  }

  /// A prompt there.
  ///
  /// @param role the broker's role, where the server takes a database login
  record Fill(String server, String prompt, Optional<String> role) implements Behind {
    @Override
    public String there() {
      return prompt;
    }
  }
}
