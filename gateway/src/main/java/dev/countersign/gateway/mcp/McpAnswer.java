package dev.countersign.gateway.mcp;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What goes back over HTTP.
public sealed interface McpAnswer {
  /// One JSON-RPC message.
  record Message(int status, ObjectNode body) implements McpAnswer {}

  /// One message, with the id of the session that it opens.
  record Opened(ObjectNode body, String session) implements McpAnswer {}

  /// There is no such session, or it is another's: 404.
  record NoSession(ObjectNode body) implements McpAnswer {}

  /// The answer is a stream that stays open.
  record Listens(Subscription subscription) implements McpAnswer {}

  /// The notification was taken: 202, no body.
  record Accepted() implements McpAnswer {}

  /// The bearer is not, or no longer, accepted: 401 with a challenge.
  ///
  /// @param id of the request
  record SignIn(JsonNode id) implements McpAnswer {}
}
