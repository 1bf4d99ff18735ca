package dev.countersign.gateway.mcp;

import dev.countersign.protocol.StrictJson;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What somebody listens for. Of all lists only that of tools changes while the gateway runs.
///
/// @param id of the request in 2026-07-28, which every message repeats; empty in the older
///   revisions
/// @param tools whether changes of the list of tools are told
/// @spec https://modelcontextprotocol.io/specification/2026-07-28/basic/utilities/subscriptions
///   Subscriptions
public record Subscription(Optional<JsonNode> id, boolean tools) {
  private static final String KEY = "io.modelcontextprotocol/subscriptionId";

  /// That of the older revisions: a `GET`.
  public static final Subscription OLDER = new Subscription(Optional.empty(), true);

  /// What is said first, if anything.
  public Optional<ObjectNode> acknowledgement() {
    return id.map(named -> {
      ObjectNode params = StrictJson.object();
      ObjectNode honored = params.putObject("notifications");
      if (tools) {
        honored.put("toolsListChanged", true);
      }
      return told("notifications/subscriptions/acknowledged", params);
    });
  }

  /// The list of tools has changed.
  public ObjectNode toolsChanged() {
    return told("notifications/tools/list_changed", StrictJson.object());
  }

  /// What is said last where the stream ends on purpose, if anything.
  public Optional<ObjectNode> end() {
    return id.map(named -> {
      ObjectNode message = StrictJson.object().put("jsonrpc", "2.0");
      message.set("id", named);
      ObjectNode result = message.putObject("result").put("resultType", "complete");
      result.putObject("_meta").set(KEY, named);
      return message;
    });
  }

  private ObjectNode told(String method, ObjectNode params) {
    id.ifPresent(named -> params.putObject("_meta").set(KEY, named));
    return Notices.notification(method, params);
  }
}
