package dev.countersign.policy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// JSON values as rules see them: text, 64-bit integers, flags, lists and maps, and nothing else.
final class Values {
  private Values() {}

  /// @throws IllegalArgumentException for null and for numbers that are not 64-bit integers
  static Object of(JsonNode value) {
    return switch (value) {
      case ObjectNode object -> {
        var members = new LinkedHashMap<String, Object>();
        object.properties().forEach(member -> members.put(member.getKey(), of(member.getValue())));
        yield members;
      }
      case ArrayNode array -> {
        var items = new ArrayList<Object>(array.size());
        array.forEach(item -> items.add(of(item)));
        yield items;
      }
      default -> scalar(value);
    };
  }

  private static Object scalar(JsonNode value) {
    if (value.isString()) {
      return value.stringValue();
    }
    if (value.isBoolean()) {
      return value.booleanValue();
    }
    if (value.isIntegralNumber() && value.canConvertToLong()) {
      return value.longValue();
    }
    throw new IllegalArgumentException("only texts, 64-bit integers and flags can be decided on");
  }
}
