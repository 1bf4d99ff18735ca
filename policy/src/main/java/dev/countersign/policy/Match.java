package dev.countersign.policy;

import com.google.common.collect.ImmutableSortedMap;
import dev.countersign.protocol.StrictJson;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Why a decision is what it is: one rule that spoke about one element.
///
/// @param rule name of the rule; [#NO_RULE] where none matched, [#ATTRIBUTES] where a required
///   attribute is missing, and so on
/// @param element index in the authorization details, from 0; -1 for the whole request
/// @param reason a sentence for people, from the policy file or about what went wrong
/// @param values what the rule read, by path such as `subject.refund_limit`; for the ledger, not
///   for callers
public record Match(
    String rule, Outcome outcome, int element, String reason, Map<String, JsonNode> values) {
  /// Stands for "no rule matched".
  public static final String NO_RULE = "(no rule)";

  /// Stands for "a required attribute is missing".
  public static final String ATTRIBUTES = "(attributes)";

  /// Stands for "the agent's ceiling".
  public static final String CEILING = "(ceiling)";

  /// Stands for "a counter or pattern cannot take the request in".
  public static final String HISTORY = "(history)";

  /// Stands for "no step-up satisfies all rules that ask for one".
  public static final String STEP_UP = "(step_up)";

  public Match {
    values = ImmutableSortedMap.copyOf(values);
  }

  /// The part of a match that callers may see: nothing of what the rule read.
  public ObjectNode forCallers() {
    return StrictJson.object()
        .put("rule", rule)
        .put("outcome", outcome.code())
        .put("element", element)
        .put("reason", reason);
  }

  /// Reads a match back from a ledger entry.
  ///
  /// @throws IllegalArgumentException if it is none
  static Match of(JsonNode json) {
    var values = new TreeMap<String, JsonNode>();
    json.path("values").properties().forEach(value -> values.put(value.getKey(), value.getValue()));
    return new Match(
        json.path("rule").asString(""),
        Outcome.valueOf(json.path("outcome").asString("").toUpperCase(Locale.ROOT)),
        json.path("element").asInt(-1),
        json.path("reason").asString(""),
        values);
  }

  /// This match with all its values, as the ledger keeps it.
  public ObjectNode json() {
    ObjectNode json = StrictJson.object();
    json.put("rule", rule);
    json.put("outcome", outcome.code());
    json.put("element", element);
    json.put("reason", reason);
    ObjectNode read = json.putObject("values");
    values.forEach((path, value) -> read.set(path, value.deepCopy()));
    return json;
  }
}
