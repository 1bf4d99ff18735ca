package dev.countersign.gateway.mcp;

import dev.countersign.protocol.StrictJson;
import tools.jackson.databind.node.ObjectNode;

/// A message of the protocol is malformed or asks for what is not there. Thrown by readers, caught
/// once by [McpServer].
final class McpRefusal extends RuntimeException {
  private final McpError error;
  private final transient ObjectNode data;

  /// @param message which member is wrong; never its value
  McpRefusal(McpError error, String message) {
    this(error, message, StrictJson.object());
  }

  /// @param data more for a program, or an empty object
  McpRefusal(McpError error, String message, ObjectNode data) {
    super(message);
    this.error = error;
    this.data = data;
  }

  McpError error() {
    return error;
  }

  String description() {
    return String.valueOf(getMessage());
  }

  ObjectNode data() {
    return data;
  }
}
