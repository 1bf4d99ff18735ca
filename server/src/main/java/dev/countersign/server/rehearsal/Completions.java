package dev.countersign.server.rehearsal;

import dev.countersign.protocol.StrictJson;
import java.util.UUID;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// A message of the assistant in the forms of the chat completions API.
final class Completions {
  private static final String MODEL = "rehearsal";

  private Completions() {}

  static ObjectNode whole(ObjectNode message) {
    ObjectNode answer = head("chat.completion", id());
    ObjectNode choice = answer.putArray("choices").addObject().put("index", 0);
    choice.set("message", message);
    choice.put("finish_reason", reason(message));
    usage(answer);
    return answer;
  }

  /// The same as server-sent events: the text, each call, the reason, the usage.
  static String streamed(ObjectNode message) {
    String id = id();
    var events = new StringBuilder();
    ObjectNode text = message.deepCopy();
    text.remove("tool_calls");
    events.append(event(delta(text, id)));
    int index = 0;
    for (JsonNode call : message.path("tool_calls")) {
      ObjectNode part = StrictJson.object();
      part.putArray("tool_calls").add(((ObjectNode) call.deepCopy()).put("index", index++));
      events.append(event(delta(part, id)));
    }
    ObjectNode last = head("chat.completion.chunk", id);
    ObjectNode end = last.putArray("choices").addObject().put("index", 0);
    end.putObject("delta");
    end.put("finish_reason", reason(message));
    ObjectNode used = head("chat.completion.chunk", id);
    used.putArray("choices");
    usage(used);
    return events.append(event(last)).append(event(used)).append("data: [DONE]\n\n").toString();
  }

  private static ObjectNode delta(ObjectNode part, String id) {
    ObjectNode chunk = head("chat.completion.chunk", id);
    chunk.putArray("choices").addObject().put("index", 0).set("delta", part);
    return chunk;
  }

  /// Another one for each answer: frameworks take two messages with one id for the same message.
  private static String id() {
    return "chatcmpl-" + UUID.randomUUID();
  }

  private static ObjectNode head(String object, String id) {
    return StrictJson.object()
        .put("id", id)
        .put("object", object)
        .put("created", 0)
        .put("model", MODEL);
  }

  private static void usage(ObjectNode answer) {
    answer
        .putObject("usage")
        .put("prompt_tokens", 0)
        .put("completion_tokens", 0)
        .put("total_tokens", 0);
  }

  private static String reason(ObjectNode message) {
    return message.path("tool_calls") instanceof ArrayNode ? "tool_calls" : "stop";
  }

  private static String event(ObjectNode chunk) {
    return "data: " + StrictJson.write(chunk) + "\n\n";
  }
}
