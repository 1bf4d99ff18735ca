package dev.countersign.broker;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// All that must hold for one element of `authorization_details` beyond its type and action.
///
/// @param fields what must hold for single fields
/// @param condition what must hold for the element as a whole
/// @param isExact whether a field that `fields` does not name breaks them
public record Constraints(
    List<Constraint> fields, Optional<CelCondition> condition, boolean isExact) {
  /// Nothing beyond type and action.
  public static final Constraints NONE = new Constraints(List.of(), Optional.empty(), false);

  private static final List<String> TYPE = List.of("type");
  private static final List<String> ACTION = List.of("operationDetails", "action");

  public Constraints {
    fields = List.copyOf(fields);
  }

  /// The first thing that does not hold, named without its value; empty if all holds.
  public Optional<String> broken(ObjectNode element) {
    for (Constraint field : fields) {
      if (!field.holds(element)) {
        return Optional.of("`" + field.name() + "` is missing or not one that is allowed");
      }
    }
    if (isExact && !isCovered(element)) {
      return Optional.of("the element has a member that no constraint names");
    }
    if (condition.isPresent() && !condition.get().holds(element)) {
      return Optional.of("the condition of this mapping does not hold");
    }
    return Optional.empty();
  }

  private boolean isCovered(ObjectNode element) {
    var named = new HashSet<List<String>>(List.of(TYPE, ACTION));
    fields.forEach(field -> named.add(field.path()));
    var found = new ArrayList<List<String>>();
    collect(element, List.of(), found);
    return named.containsAll(found);
  }

  private static void collect(JsonNode value, List<String> path, List<List<String>> found) {
    if (value instanceof ObjectNode object && !object.isEmpty()) {
      object
          .properties()
          .forEach(member -> collect(member.getValue(), longer(path, member.getKey()), found));
    } else if (value.isArray() && !value.isEmpty()) {
      value.forEach(item -> collect(item, longer(path, "*"), found));
    } else {
      found.add(path);
    }
  }

  private static List<String> longer(List<String> path, String step) {
    var longer = new ArrayList<>(path);
    longer.add(step);
    return List.copyOf(longer);
  }
}
