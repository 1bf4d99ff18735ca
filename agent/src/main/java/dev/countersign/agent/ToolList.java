package dev.countersign.agent;

import java.net.URI;
import java.util.List;
import java.util.Optional;

/// How a request for the list of tools ended.
public sealed interface ToolList {
  /// The tools.
  record Listed(List<ToolInfo> tools) implements ToolList {
    public Listed {
      tools = List.copyOf(tools);
    }
  }

  /// The person must sign in again.
  ///
  /// @param resourceMetadata where the server says how, if it said so
  record SignInRequired(Optional<URI> resourceMetadata) implements ToolList {}

  /// There is no list.
  ///
  /// @param reason for a person; no token in it
  record Failed(String reason) implements ToolList {}
}
