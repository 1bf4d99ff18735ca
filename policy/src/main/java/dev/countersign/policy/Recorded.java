package dev.countersign.policy;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.MalformedJsonException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A decision as the ledger tells it, with everything that it depended on: it can be taken again,
/// by the same policy or another.
///
/// @param past the counters and patterns as they were
/// @param policyVersion the policy that decided
/// @param matches the rules that matched, with what they read as far as the ledger holds it
public record Recorded(
    AccessRequest request,
    History past,
    String policyVersion,
    Outcome outcome,
    String reason,
    List<Match> matches) {
  public Recorded {
    matches = List.copyOf(matches);
  }

  /// The counters and patterns as they were, by name: an integer, a text, true or false.
  public Map<String, Object> before() {
    var before = new TreeMap<String, Object>();
    past.values()
        .forEach((name, given) -> {
          if (given.before() != null) {
            before.put(name, given.before());
          }
        });
    return before;
  }

  /// The counters with the request in them, by name.
  public Map<String, Object> totals() {
    var totals = new TreeMap<String, Object>();
    past.values()
        .forEach((name, given) -> {
          if (given.total() != null) {
            totals.put(name, given.total());
          }
        });
    return totals;
  }

  /// Reads a ledger entry's data.
  ///
  /// @throws MalformedJsonException if it tells of no decision
  public static Recorded of(String subject, ObjectNode data) {
    JsonNode inputs = data.path("inputs");
    if (!inputs.isObject()) {
      throw new MalformedJsonException("the entry does not tell what the decision depended on");
    }
    try {
      Instant now = Instant.parse(text(inputs, "now"));
      Map<String, Attribute> attributes =
          attributes(inputs.path("attributes"), inputs.path("origins").path("attributes"), now);
      String scope = text(data, "scope");
      var request =
          new AccessRequest(
              subject,
              text(inputs, "anchor"),
              attributes,
              text(data, "client_id"),
              text(inputs, "actor"),
              scope.isEmpty() ? Set.of() : Set.of(scope.split(" ", -1)),
              AuthorizationDetails.of(data.path("authorization_details")),
              now,
              things(inputs, now));
      return new Recorded(
          request,
          History.given(
              Stage.valueOf(text(inputs, "stage").toUpperCase(Locale.ROOT)), values(inputs)),
          text(data, "policy_version"),
          Outcome.valueOf(text(data, "outcome").toUpperCase(Locale.ROOT)),
          text(data, "reason"),
          data.path("matches").valueStream().map(Match::of).toList());
    } catch (DateTimeException | IllegalArgumentException foreign) {
      throw new MalformedJsonException("the entry does not tell of a decision");
    }
  }

  private static Map<String, Attribute> attributes(JsonNode values, JsonNode origins, Instant now) {
    var attributes = new HashMap<String, Attribute>();
    for (Map.Entry<String, JsonNode> one : values.properties()) {
      attributes.put(one.getKey(), Attribute.of(one.getValue(), origins.path(one.getKey()), now));
    }
    return attributes;
  }

  private static Map<String, Map<String, Attribute>> things(JsonNode inputs, Instant now) {
    var things = new HashMap<String, Map<String, Attribute>>();
    JsonNode origins = inputs.path("origins").path("resources");
    for (Map.Entry<String, JsonNode> thing : inputs.path("resources").properties()) {
      things.put(thing.getKey(), attributes(thing.getValue(), origins.path(thing.getKey()), now));
    }
    return things;
  }

  private static Map<String, History.Given> values(JsonNode inputs) {
    var values = new HashMap<String, History.Given>();
    for (Map.Entry<String, JsonNode> one : inputs.path("history").properties()) {
      JsonNode total = inputs.path("total").path(one.getKey());
      values.put(
          one.getKey(),
          new History.Given(
              value(one.getValue()), total.isIntegralNumber() ? total.longValue() : null));
    }
    return values;
  }

  static @Nullable Object value(JsonNode json) {
    if (json.isIntegralNumber() && json.canConvertToLong()) {
      return json.longValue();
    }
    return json.isBoolean()
        ? (Object) json.booleanValue()
        : json.isString() ? json.stringValue() : null;
  }

  private static String text(JsonNode json, String name) {
    return json.path(name).asString("");
  }
}
