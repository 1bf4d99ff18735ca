package dev.countersign.console;

import dev.countersign.agent.ToolInfo;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A tool's arguments as fields of a form, made from the JSON Schema that the gateway shows.
///
/// The gateway checks the arguments; this only gives them their types.
///
/// @param tool whose arguments they are
public record ToolForm(ToolInfo tool, List<Field> fields) {
  /// Stands before an argument's name in the form, so that it meets no other field.
  public static final String PREFIX = "arg.";

  public ToolForm {
    fields = List.copyOf(fields);
  }

  /// Reads the properties of an input schema.
  public static ToolForm of(ToolInfo tool) {
    ObjectNode schema = tool.inputSchema();
    var required = new HashSet<String>();
    schema.path("required").forEach(name -> required.add(name.asString("")));
    var fields = new ArrayList<Field>();
    for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
      fields.add(
          Field.of(property.getKey(), property.getValue(), required.contains(property.getKey())));
    }
    return new ToolForm(tool, fields);
  }

  /// The arguments that a filled-in form means.
  ///
  /// @throws IllegalArgumentException if a field does not hold what its type needs; names the field
  public ObjectNode arguments(Map<String, String> form) {
    ObjectNode arguments = StrictJson.object();
    for (Field field : fields) {
      String text = form.getOrDefault(PREFIX + field.name(), "").strip();
      if (!text.isEmpty()) {
        put(arguments, field, text);
      }
    }
    return arguments;
  }

  private static void put(ObjectNode arguments, Field field, String text) {
    try {
      switch (field.kind()) {
        case TEXT, CHOICE -> arguments.put(field.name(), text);
        case INTEGER -> arguments.put(field.name(), new BigInteger(text));
        case NUMBER -> arguments.put(field.name(), new BigDecimal(text));
        case FLAG -> arguments.put(field.name(), text.equals("true"));
        case JSON -> arguments.set(field.name(), StrictJson.parse(text));
      }
    } catch (NumberFormatException malformed) {
      throw new IllegalArgumentException("`" + field.name() + "` must be a number", malformed);
    } catch (MalformedJsonException malformed) {
      throw new IllegalArgumentException("`" + field.name() + "` must be JSON", malformed);
    }
  }

  /// One argument.
  ///
  /// @param standard what is filled in at first, or empty
  /// @param pattern of JSON Schema, or empty
  /// @param choices of an enumeration
  public record Field(
      String name,
      String description,
      Kind kind,
      boolean isRequired,
      String standard,
      String pattern,
      List<String> choices) {

    public Field {
      choices = List.copyOf(choices);
    }

    private static Field of(String name, JsonNode schema, boolean isRequired) {
      var choices = new ArrayList<String>();
      schema.path("enum").forEach(choice -> choices.add(choice.asString("")));
      return new Field(
          name,
          schema.path("description").asString(""),
          kind(schema, choices),
          isRequired,
          schema.path("default").asString(""),
          schema.path("pattern").asString(""),
          choices);
    }

    private static Kind kind(JsonNode schema, List<String> choices) {
      return switch (schema.path("type").asString("")) {
        case "string" -> choices.isEmpty() ? Kind.TEXT : Kind.CHOICE;
        case "integer" -> Kind.INTEGER;
        case "number" -> Kind.NUMBER;
        case "boolean" -> Kind.FLAG;
        default -> Kind.JSON;
      };
    }
  }

  /// How an argument is typed in.
  public enum Kind {
    TEXT,
    CHOICE,
    INTEGER,
    NUMBER,
    FLAG,
    JSON
  }
}
