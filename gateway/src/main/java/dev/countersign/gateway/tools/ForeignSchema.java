package dev.countersign.gateway.tools;

import dev.countersign.protocol.StrictJson;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Makes the schema of a foreign tool one of ours: an object that says nothing about further
/// members takes none, and the top takes none whatever it says, so that no argument travels that
/// nobody described.
final class ForeignSchema {
  /// Keywords whose value is a map of schemas: its keys are names, not keywords.
  static final Set<String> MAPS =
      Set.of("properties", "$defs", "definitions", "patternProperties", "dependentSchemas");

  private static final Set<String> VALUES = Set.of("default", "const", "enum", "examples");
  private static final List<String> COMPOSING = List.of("allOf", "anyOf", "oneOf", "$ref", "if");
  private static final List<String> DIALECT = List.of("$schema", "$id", "$comment", "id");

  private ForeignSchema() {}

  static ObjectNode closed(ObjectNode source) {
    ObjectNode schema = schema(source);
    DIALECT.stream().filter(name -> schema.path(name).isString()).forEach(schema::remove);
    if (!schema.path("additionalProperties").isBoolean()
        || schema.path("additionalProperties").booleanValue()) {
      schema.remove("additionalProperties");
      schema.put(keyword(schema), false);
    }
    return schema;
  }

  private static ObjectNode schema(ObjectNode source) {
    ObjectNode copy = StrictJson.object();
    for (var member : source.properties()) {
      copy.set(member.getKey(), member(member.getKey(), member.getValue()));
    }
    boolean describes = "object".equals(copy.path("type").asString("")) || copy.has("properties");
    boolean isSilent = !copy.has("additionalProperties") && !copy.has("unevaluatedProperties");
    if (describes && isSilent && copy.has("properties")) {
      copy.put(keyword(copy), false);
    }
    return copy;
  }

  private static JsonNode member(String keyword, JsonNode value) {
    if (VALUES.contains(keyword)) {
      return value.deepCopy();
    }
    if (MAPS.contains(keyword) && value instanceof ObjectNode map) {
      ObjectNode copy = StrictJson.object();
      map.properties().forEach(named -> copy.set(named.getKey(), any(named.getValue())));
      return copy;
    }
    return any(value);
  }

  private static JsonNode any(JsonNode value) {
    return switch (value) {
      case ObjectNode object -> schema(object);
      case ArrayNode array -> {
        ArrayNode copy = StrictJson.array();
        array.forEach(element -> copy.add(any(element)));
        yield copy;
      }
      default -> value.deepCopy();
    };
  }

  /// Members that a composed schema describes elsewhere are evaluated there.
  private static String keyword(ObjectNode schema) {
    return COMPOSING.stream().anyMatch(schema::has)
        ? "unevaluatedProperties"
        : "additionalProperties";
  }
}
