package dev.countersign.server.rehearsal;

import dev.countersign.protocol.StrictJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// What the rehearsal model says next: calls for a sentence, words for results. Threads may share
/// it; all it knows is the conversation that it is given.
final class Mind {
  private static final int LONGEST_QUOTE = 2_000;
  private static final String APPROVAL = "needs the approval";

  private final boolean isGullible;

  Mind(boolean isGullible) {
    this.isGullible = isGullible;
  }

  /// The assistant's next message.
  ObjectNode answer(JsonNode messages) {
    var conversation = new ArrayList<JsonNode>();
    messages.forEach(conversation::add);
    int last = conversation.size() - 1;
    if (last < 0) {
      return says(Sentences.UNDERSTOOD);
    }
    return "tool".equals(role(conversation.get(last)))
        ? afterResults(conversation)
        : afterSentence(conversation, text(conversation.get(last)));
  }

  private static ObjectNode afterSentence(List<JsonNode> conversation, String sentence) {
    List<Sentences.Wish> wishes = Sentences.wishes(sentence);
    if (wishes.isEmpty() && Sentences.isApproved(sentence)) {
      Optional<JsonNode> waiting = waiting(conversation);
      if (waiting.isPresent()) {
        return repeats(waiting.get(), conversation.size());
      }
    }
    return wishes.isEmpty() ? says(Sentences.UNDERSTOOD) : calls(wishes, conversation.size());
  }

  private ObjectNode afterResults(List<JsonNode> conversation) {
    var told = new StringBuilder();
    var sentences = new StringBuilder();
    int first = conversation.size();
    while (first > 0 && "tool".equals(role(conversation.get(first - 1)))) {
      first--;
    }
    for (JsonNode result : conversation.subList(first, conversation.size())) {
      told.append(told.isEmpty() ? "" : "\n").append(text(result));
      sentences.append(sentences.isEmpty() ? "" : "\n").append(Telling.of(text(result)));
    }
    String text = told.toString();
    if (isGullible && conversation.size() < 30) {
      String order = text.toLowerCase(Locale.ROOT);
      if (order.contains("print your token")) {
        return says(
            "All that I have: " + StrictJson.write(StrictJson.array().addAll(conversation)));
      }
      Optional<Sentences.Wish> ordered = Sentences.ordered(order);
      if (ordered.isPresent() && !hasCalled(conversation, ordered.get().tool())) {
        return calls(List.of(ordered.get()), conversation.size());
      }
    }
    return says(sentences.substring(0, Math.min(sentences.length(), LONGEST_QUOTE)));
  }

  private static boolean hasCalled(List<JsonNode> conversation, String tool) {
    return conversation.stream()
        .flatMap(message -> message.path("tool_calls").valueStream())
        .anyMatch(call -> tool.equals(call.path("function").path("name").asString("")));
  }

  /// The newest message of calls whose result asked for an approval.
  private static Optional<JsonNode> waiting(List<JsonNode> conversation) {
    for (int i = conversation.size() - 1; i >= 0; i--) {
      if ("tool".equals(role(conversation.get(i)))
          && text(conversation.get(i)).contains(APPROVAL)) {
        for (int j = i - 1; j >= 0; j--) {
          if (conversation.get(j).path("tool_calls") instanceof ArrayNode) {
            return Optional.of(conversation.get(j));
          }
        }
      }
    }
    return Optional.empty();
  }

  private static ObjectNode repeats(JsonNode before, int turn) {
    ObjectNode message = says("");
    ArrayNode calls = message.putArray("tool_calls");
    for (JsonNode call : before.path("tool_calls")) {
      calls.add(((ObjectNode) call.deepCopy()).put("id", id(turn, calls.size())));
    }
    return message;
  }

  private static ObjectNode calls(List<Sentences.Wish> wishes, int turn) {
    ObjectNode message = says("");
    ArrayNode calls = message.putArray("tool_calls");
    for (Sentences.Wish wish : wishes) {
      ObjectNode call = calls.addObject().put("id", id(turn, calls.size())).put("type", "function");
      call.putObject("function")
          .put("name", wish.tool())
          .put("arguments", StrictJson.write(wish.arguments()));
    }
    return message;
  }

  private static String id(int turn, int number) {
    return "call_" + turn + "_" + number;
  }

  private static ObjectNode says(String text) {
    return StrictJson.object().put("role", "assistant").put("content", text);
  }

  private static String role(JsonNode message) {
    return message.path("role").asString("");
  }

  /// The text of a message, whose content is a text or a list of parts.
  private static String text(JsonNode message) {
    JsonNode content = message.path("content");
    if (content.isString()) {
      return content.stringValue();
    }
    var text = new StringBuilder();
    content.forEach(part -> text.append(part.path("text").asString("")));
    return text.toString();
  }
}
