package dev.countersign.server.rehearsal;

import dev.countersign.protocol.StrictJson;
import java.util.UUID;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The same conversation in the forms of Anthropic's messages API: content is a list of blocks,
/// calls are `tool_use` blocks, and their results come in a message of the user.
final class Messages {
  private static final String MODEL = "rehearsal";

  private Messages() {}

  /// The messages of a request, as the chat completions API has them.
  static ArrayNode conversation(ObjectNode asked) {
    ArrayNode messages = StrictJson.array();
    for (JsonNode message : asked.path("messages")) {
      String role = message.path("role").asString("");
      if (message.path("content").isString()) {
        messages.addObject().put("role", role).put("content", text(message.path("content")));
      } else {
        blocks(messages, role, message.path("content"));
      }
    }
    return messages;
  }

  private static void blocks(ArrayNode messages, String role, JsonNode blocks) {
    ObjectNode spoken = StrictJson.object().put("role", role).put("content", "");
    for (JsonNode block : blocks) {
      switch (block.path("type").asString("")) {
        case "text" ->
            spoken.put("content", text(spoken.path("content")) + block.path("text").asString(""));
        case "tool_use" ->
            spoken
                .withArray("tool_calls")
                .addObject()
                .put("id", block.path("id").asString(""))
                .put("type", "function")
                .putObject("function")
                .put("name", block.path("name").asString(""))
                .put("arguments", StrictJson.write(block.path("input")));
        case "tool_result" ->
            messages
                .addObject()
                .put("role", "tool")
                .put("tool_call_id", block.path("tool_use_id").asString(""))
                .put("content", text(block.path("content")));
        default -> {
          // a kind of block that a rehearsal does not need
        }
      }
    }
    if (spoken.has("tool_calls") || !text(spoken.path("content")).isEmpty()) {
      messages.add(spoken);
    }
  }

  private static String text(JsonNode content) {
    if (content.isString()) {
      return content.stringValue();
    }
    var text = new StringBuilder();
    content.forEach(block -> text.append(block.path("text").asString("")));
    return text.toString();
  }

  static ObjectNode whole(ObjectNode message) {
    ObjectNode answer = head();
    answer.withArray("content").addAll(content(message));
    return answer.put("stop_reason", reason(message));
  }

  /// The same as server-sent events: each block begins, is told, and ends.
  static String streamed(ObjectNode message) {
    var events = new StringBuilder();
    ObjectNode start = event("message_start");
    start.set("message", head());
    events.append(written(start));
    int index = 0;
    for (JsonNode block : content(message)) {
      events.append(written(begun(block, index)));
      events.append(written(told(block, index)));
      events.append(written(event("content_block_stop").put("index", index++)));
    }
    ObjectNode end = event("message_delta");
    end.putObject("delta").put("stop_reason", reason(message)).putNull("stop_sequence");
    end.putObject("usage").put("output_tokens", 0);
    return events.append(written(end)).append(written(event("message_stop"))).toString();
  }

  private static ObjectNode begun(JsonNode block, int index) {
    ObjectNode begun = ((ObjectNode) block).deepCopy();
    if (begun.has("text")) {
      begun.put("text", "");
    } else {
      begun.putObject("input");
    }
    ObjectNode start = event("content_block_start").put("index", index);
    start.set("content_block", begun);
    return start;
  }

  private static ObjectNode told(JsonNode block, int index) {
    ObjectNode told = event("content_block_delta").put("index", index);
    ObjectNode delta = told.putObject("delta");
    if (block.has("text")) {
      delta.put("type", "text_delta").put("text", block.path("text").stringValue());
    } else {
      delta
          .put("type", "input_json_delta")
          .put("partial_json", StrictJson.write(block.path("input")));
    }
    return told;
  }

  private static ArrayNode content(ObjectNode message) {
    ArrayNode content = StrictJson.array();
    String text = message.path("content").asString("");
    if (!text.isEmpty()) {
      content.addObject().put("type", "text").put("text", text);
    }
    for (JsonNode call : message.path("tool_calls")) {
      ObjectNode use = content.addObject().put("type", "tool_use");
      use.put("id", call.path("id").stringValue());
      use.put("name", call.path("function").path("name").stringValue());
      use.set(
          "input", StrictJson.parseObject(call.path("function").path("arguments").stringValue()));
    }
    return content;
  }

  private static ObjectNode head() {
    ObjectNode head =
        StrictJson.object()
            .put("id", "msg_" + UUID.randomUUID())
            .put("type", "message")
            .put("role", "assistant")
            .put("model", MODEL);
    head.putArray("content");
    head.putNull("stop_reason").putNull("stop_sequence");
    head.putObject("usage").put("input_tokens", 0).put("output_tokens", 0);
    return head;
  }

  private static ObjectNode event(String type) {
    return StrictJson.object().put("type", type);
  }

  private static String written(ObjectNode event) {
    return "event: %s\ndata: %s\n\n"
        .formatted(event.path("type").stringValue(), StrictJson.write(event));
  }

  private static String reason(ObjectNode message) {
    return message.has("tool_calls") ? "tool_use" : "end_turn";
  }
}
