package dev.countersign.server.demo;

import dev.countersign.protocol.Ids;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What the rehearsal of a model answers to a conversation.
///
/// @param text words, or empty where it only calls
/// @param calls in the order of the sentence
record RehearsedAnswer(String text, List<Call> calls) {
  private static final Pattern CASE = Pattern.compile("R-\\d{3}-\\d{4}");
  private static final Pattern REFUND =
      Pattern.compile(
          "(?:(USD|EUR|GBP|\\$|€|£)\\s*)?(\\d{1,7}(?:,\\d{3})*(?:\\.\\d{1,2})?)\\s*"
              + "(dollars?|USD|euros?|EUR|pounds?|GBP)?\\D{1,40}?(R-\\d{3}-\\d{4})",
          Pattern.CASE_INSENSITIVE);
  private static final String HELP =
      "I am a rehearsal of a model and know a few sentences only: “Show me case R-884-2233”, “List"
          + " the latest cases”, “Refund 80 dollars on R-884-2233”, “Export all customers”.";

  RehearsedAnswer {
    calls = List.copyOf(calls);
  }

  /// One call of a tool.
  record Call(String id, String tool, ObjectNode arguments) {
    Call {
      arguments = arguments.deepCopy();
    }
  }

  /// Why it stops, in the interface's words.
  String reason() {
    return calls.isEmpty() ? "stop" : "tool_calls";
  }

  static RehearsedAnswer to(ObjectNode request) {
    List<JsonNode> messages = request.path("messages").valueStream().toList();
    if (messages.isEmpty()) {
      return words(HELP);
    }
    if (messages.getLast().path("role").asString("").equals("tool")) {
      return summary(messages);
    }
    String sentence = text(messages.getLast());
    List<Call> calls = understood(sentence);
    Set<String> tools = new HashSet<>();
    request.path("tools").forEach(tool -> tools.add(tool.path("function").path("name").asString("")));
    for (Call call : calls) {
      if (!tools.contains(call.tool())) {
        return words("I have no tool for that.");
      }
    }
    return calls.isEmpty() ? words(HELP) : new RehearsedAnswer("", calls);
  }

  private static List<Call> understood(String sentence) {
    String lower = sentence.toLowerCase(Locale.ROOT);
    if (lower.contains("refund") && CASE.matcher(sentence).find()) {
      return refunds(sentence);
    }
    if (lower.contains("export") && lower.contains("customer")) {
      return List.of(call("export_customers", StrictJson.object()));
    }
    Matcher found = CASE.matcher(sentence);
    var calls = new ArrayList<Call>();
    while (found.find()) {
      calls.add(call("find_case", StrictJson.object().put("case_id", found.group())));
    }
    if (calls.isEmpty() && lower.contains("cases")) {
      calls.add(call("list_cases", StrictJson.object()));
    }
    return calls;
  }

  private static List<Call> refunds(String sentence) {
    var calls = new ArrayList<Call>();
    Matcher refund = REFUND.matcher(sentence);
    while (refund.find()) {
      long cents =
          new BigDecimal(refund.group(2).replace(",", "")).movePointRight(2).longValueExact();
      calls.add(
          call(
              "process_refund",
              StrictJson.object()
                  .put("case_id", refund.group(4))
                  .put("amount_cents", cents)
                  .put("currency", currency(refund.group(1), refund.group(3)))));
    }
    return calls;
  }

  private static String currency(String before, String after) {
    String word = String.valueOf(before == null ? after : before).toUpperCase(Locale.ROOT);
    return word.startsWith("E") || word.equals("€")
        ? "EUR"
        : word.startsWith("P") || word.startsWith("G") || word.equals("£") ? "GBP" : "USD";
  }

  private static Call call(String tool, ObjectNode arguments) {
    return new Call("call_" + Ids.random(), tool, arguments);
  }

  /// One sentence for each result. What a result says is told, never obeyed.
  private static RehearsedAnswer summary(List<JsonNode> messages) {
    var sentences = new ArrayList<String>();
    for (int i = messages.size() - 1; i >= 0; i--) {
      if (!messages.get(i).path("role").asString("").equals("tool")) {
        break;
      }
      sentences.addFirst(sentence(text(messages.get(i))));
    }
    return words(String.join(" ", sentences));
  }

  private static String sentence(String result) {
    if (result.startsWith("refused") || result.startsWith("denied")) {
      return "That was refused: " + result.replaceFirst("^[^:]*: ?", "");
    }
    if (result.startsWith("failed") || result.startsWith("the person stopped")) {
      return "That did not work: " + result.replaceFirst("^[^:]*: ?", "") + ".";
    }
    try {
      return told(StrictJson.parseObject(result));
    } catch (MalformedJsonException noObject) {
      return result.length() > 300 ? result.substring(0, 300) + " …" : result;
    }
  }

  private static String told(ObjectNode result) {
    if (result.has("refund_id")) {
      return "I refunded %s %s on %s."
          .formatted(
              amount(result.path("amount").asLong(0)),
              result.path("currency").asString(""),
              result.path("case_id").asString(""));
    }
    if (result.path("cases").isArray()) {
      return "Here are the latest " + result.path("cases").size() + " cases.";
    }
    if (result.has("case_id")) {
      return "Case %s of %s: %s, paid %s %s, status %s."
          .formatted(
              result.path("case_id").asString(""),
              result.path("customer").asString(""),
              result.path("product").asString(""),
              amount(result.path("paid").asLong(0)),
              result.path("currency").asString(""),
              result.path("status").asString(""));
    }
    return "Done.";
  }

  private static String amount(long cents) {
    return BigDecimal.valueOf(cents, 2).toPlainString();
  }

  private static RehearsedAnswer words(String text) {
    return new RehearsedAnswer(text, List.of());
  }

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
