package dev.countersign.gateway.mcp;

import static dev.countersign.gateway.mcp.McpError.INVALID_REQUEST;
import static dev.countersign.gateway.mcp.McpError.PARSE_ERROR;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// One JSON-RPC request or notification, read strictly: no batches, no responses, no `id` of null.
///
/// @param id a text or whole number; empty for a notification
/// @param params an empty object where there are none
/// @spec https://www.jsonrpc.org/specification JSON-RPC 2.0
record Envelope(Optional<JsonNode> id, String method, ObjectNode params) {
  private static final int MAX_TEXT = 256;

  /// The body as JSON.
  ///
  /// @throws McpRefusal `-32700` or, for a batch, `-32600`
  static ObjectNode json(byte[] body) {
    JsonNode value;
    try {
      value = StrictJson.parse(body);
    } catch (MalformedJsonException malformed) {
      throw new McpRefusal(PARSE_ERROR, "parse error: " + malformed.getMessage());
    }
    if (value.isArray()) {
      throw new McpRefusal(INVALID_REQUEST, "batches are not served");
    }
    if (value instanceof ObjectNode object) {
      return object;
    }
    throw new McpRefusal(INVALID_REQUEST, "a message must be an object");
  }

  /// The `id` to repeat in an error, if it is one.
  static Optional<JsonNode> id(ObjectNode message) {
    return usableId(message.path("id"));
  }

  /// An `id` as it may be: a text or a whole number.
  static Optional<JsonNode> usableId(JsonNode id) {
    boolean usable =
        (id.isString() && !id.stringValue().isEmpty() && id.stringValue().length() <= MAX_TEXT)
            || (id.isIntegralNumber() && id.canConvertToLong());
    return usable ? Optional.of(id) : Optional.empty();
  }

  /// @throws McpRefusal `-32600`
  static Envelope read(ObjectNode message) {
    if (!"2.0".equals(message.path("jsonrpc").asString(""))) {
      throw new McpRefusal(INVALID_REQUEST, "`jsonrpc` must be \"2.0\"");
    }
    if (message.has("result") || message.has("error")) {
      throw new McpRefusal(INVALID_REQUEST, "responses are not taken: nothing was asked");
    }
    Optional<JsonNode> id = id(message);
    if (message.has("id") && id.isEmpty()) {
      throw new McpRefusal(INVALID_REQUEST, "`id` must be a text or a whole number");
    }
    JsonNode method = message.path("method");
    if (!method.isString()
        || method.stringValue().isEmpty()
        || method.stringValue().length() > MAX_TEXT) {
      throw new McpRefusal(INVALID_REQUEST, "`method` must be a text of 1 to 256 characters");
    }
    JsonNode params = message.path("params");
    if (!params.isMissingNode() && !params.isObject()) {
      throw new McpRefusal(INVALID_REQUEST, "`params` must be an object");
    }
    boolean isNotification = method.stringValue().startsWith("notifications/");
    if (isNotification == id.isPresent()) {
      // A call that nobody waits for must not run, and a notification has no answer.
      throw new McpRefusal(
          INVALID_REQUEST,
          isNotification ? "a notification has no `id`" : "a request needs an `id`");
    }
    return new Envelope(
        id,
        method.stringValue(),
        params instanceof ObjectNode object ? object : StrictJson.object());
  }
}
