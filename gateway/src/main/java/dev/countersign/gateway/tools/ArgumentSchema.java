package dev.countersign.gateway.tools;

import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaException;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.countersign.protocol.StrictJson;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The JSON Schema of a tool's arguments, closed: what it does not name is refused, at every depth.
/// Threads may share it.
///
/// @spec https://json-schema.org/draft/2020-12/json-schema-core JSON Schema 2020-12
final class ArgumentSchema {
  private static final int MAX_PROBLEMS = 5;
  private static final int MAX_PROBLEM_LENGTH = 200;
  private static final BigDecimal MIN_LONG = BigDecimal.valueOf(Long.MIN_VALUE);
  private static final BigDecimal MAX_LONG = BigDecimal.valueOf(Long.MAX_VALUE);
  private static final Set<String> OUTSIDE =
      Set.of("$id", "$schema", "$dynamicRef", "$anchor", "$dynamicAnchor", "$vocabulary");

  private static final SchemaRegistry REGISTRY =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

  private final ObjectNode source;
  private final Schema schema;

  private ArgumentSchema(ObjectNode source, Schema schema) {
    this.source = source;
    this.schema = schema;
  }

  /// Reads a schema, telling every problem.
  ///
  /// @return the schema; do not use it if a problem was told
  static ArgumentSchema of(ObjectNode source, Consumer<String> problem) {
    return read(source, true, problem);
  }

  /// Reads the schema of a foreign tool: closed here where its author left it open by silence.
  static ArgumentSchema ofForeign(ObjectNode source, Consumer<String> problem) {
    return read(ForeignSchema.closed(source), false, problem);
  }

  private static ArgumentSchema read(
      ObjectNode source, boolean mustBeClosed, Consumer<String> problem) {
    ObjectNode copy = source.deepCopy();
    if (!"object".equals(copy.path("type").asString(""))) {
      problem.accept("must have `type: object` at its top");
    }
    checkClosed(copy, "", mustBeClosed, problem);
    try {
      for (Error error :
          REGISTRY
              .getSchema(SchemaLocation.of("https://json-schema.org/draft/2020-12/schema"))
              .validate(copy)) {
        problem.accept("is not JSON Schema 2020-12: " + text(error));
      }
      return new ArgumentSchema(copy, REGISTRY.getSchema(copy));
    } catch (SchemaException broken) {
      problem.accept("is not a usable JSON Schema 2020-12");
      return new ArgumentSchema(copy, REGISTRY.getSchema(nothing()));
    }
  }

  ObjectNode source() {
    return source.deepCopy();
  }

  ArgumentCheck check(ObjectNode sent) {
    ObjectNode arguments = sent.deepCopy();
    var problems = new ArrayList<String>();
    checkNumbers(source, arguments, "", problems);
    if (problems.isEmpty()) {
      schema.validate(arguments).forEach(error -> problems.add(text(error)));
    }
    if (!problems.isEmpty()) {
      return new ArgumentCheck.Invalid(
          problems.subList(0, Math.min(MAX_PROBLEMS, problems.size())));
    }
    addDefaults(arguments);
    return new ArgumentCheck.Valid(arguments);
  }

  /// Checks that every `default` fits, by filling in all of them.
  void checkDefaults(Consumer<String> problem) {
    source
        .path("properties")
        .properties()
        .forEach(property -> {
          JsonNode value = property.getValue().path("default");
          if (!value.isMissingNode()
              && !REGISTRY.getSchema(property.getValue()).validate(value).isEmpty()) {
            problem.accept("the default of `" + property.getKey() + "` does not fit its schema");
          }
        });
  }

  private void addDefaults(ObjectNode arguments) {
    source
        .path("properties")
        .properties()
        .forEach(property -> {
          JsonNode value = property.getValue().path("default");
          if (!value.isMissingNode() && !arguments.has(property.getKey())) {
            arguments.set(property.getKey(), value.deepCopy());
          }
        });
  }

  /// JSON Schema takes 8000.0 and 8e3 for integers; here an integer is written as one, and fits 64
  /// bits, so that every box reads the same amount.
  private static void checkNumbers(
      JsonNode schema, JsonNode value, String where, List<String> problems) {
    if (value.isNumber()) {
      if ("integer".equals(schema.path("type").asString("")) && !value.isIntegralNumber()) {
        problems.add("`" + where + "` must be written as a whole number");
      } else if (value.isIntegralNumber() && !fitsLong(value.decimalValue())) {
        problems.add("`" + where + "` is out of range");
      }
    }
    for (var member : value.properties()) {
      String path = where.isEmpty() ? member.getKey() : where + "." + member.getKey();
      checkNumbers(
          schema.path("properties").path(member.getKey()), member.getValue(), path, problems);
    }
    if (value.isArray()) {
      value.forEach(element -> checkNumbers(schema.path("items"), element, where, problems));
    }
  }

  private static boolean fitsLong(BigDecimal number) {
    return number.compareTo(MIN_LONG) >= 0 && number.compareTo(MAX_LONG) <= 0;
  }

  private static void checkClosed(
      JsonNode schema, String where, boolean mustBeClosed, Consumer<String> problem) {
    if (schema instanceof ObjectNode object) {
      String at = where.isEmpty() ? "" : " at `" + where + "`";
      boolean describesObject =
          "object".equals(object.path("type").asString("")) || object.has("properties");
      if (mustBeClosed
          && describesObject
          && !isFalse(object.path("additionalProperties"))
          && !isFalse(object.path("unevaluatedProperties"))) {
        problem.accept("needs `additionalProperties: false`" + at);
      }
      String reference = object.path("$ref").asString("#");
      if (!reference.startsWith("#")) {
        problem.accept("`$ref` may only point into this schema" + at);
      }
      for (String name : OUTSIDE) {
        if (object.has(name)) {
          problem.accept("`" + name + "` is not taken here" + at);
        }
      }
      if (object.has("x-mcp-header")) {
        problem.accept("`x-mcp-header` is not taken: arguments stay in the body" + at);
      }
      for (var member : object.properties()) {
        if (!Set.of("default", "const", "enum", "examples").contains(member.getKey())) {
          descend(member.getKey(), member.getValue(), where, mustBeClosed, problem);
        }
      }
    } else if (schema.isArray()) {
      schema.forEach(element -> checkClosed(element, where, mustBeClosed, problem));
    }
  }

  private static void descend(
      String keyword,
      JsonNode value,
      String where,
      boolean mustBeClosed,
      Consumer<String> problem) {
    String path = where.isEmpty() ? keyword : where + "." + keyword;
    if (ForeignSchema.MAPS.contains(keyword)) {
      // A map of schemas: its keys are the operator's names, not keywords.
      value
          .properties()
          .forEach(named ->
              checkClosed(named.getValue(), path + "." + named.getKey(), mustBeClosed, problem));
    } else {
      checkClosed(value, path, mustBeClosed, problem);
    }
  }

  private static boolean isFalse(JsonNode value) {
    return value.isBoolean() && !value.booleanValue();
  }

  private static String text(Error error) {
    String where = String.valueOf(error.getInstanceLocation());
    String text = (where.isEmpty() ? "" : where + ": ") + error.getMessage();
    String plain = text.replaceAll("\\p{Cntrl}", " ");
    return plain.length() <= MAX_PROBLEM_LENGTH
        ? plain
        : plain.substring(0, MAX_PROBLEM_LENGTH) + "…";
  }

  private static ObjectNode nothing() {
    ObjectNode schema = StrictJson.object();
    schema.set("not", StrictJson.object());
    return schema;
  }
}
