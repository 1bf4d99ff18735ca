package dev.countersign.agent;

import tools.jackson.databind.node.ObjectNode;

/// One tool as its server describes it: text for a model, not a promise.
///
/// @param definition everything that the server said, name and description included
public record ToolInfo(String name, String description, ObjectNode definition) {
  /// The JSON Schema of its arguments.
  public ObjectNode inputSchema() {
    return definition.withObject("/inputSchema").deepCopy();
  }
}
