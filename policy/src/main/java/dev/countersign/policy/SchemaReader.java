package dev.countersign.policy;

import dev.countersign.protocol.StrictJson;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads the JSON Schema of one type and makes it strict.
///
/// JSON Schema ignores what it does not know and allows what it does not forbid; for what people
/// may be asked to approve, both are wrong. So: only keywords that are checked are accepted,
/// objects are closed, every integer has a range within 64 bits, every text has a length, a form or
/// a list of values, every array a length, patterns cover the whole text, and there are no
/// fractions, no null and no references out of the document. Combining keywords may only narrow
/// what the object itself declares.
///
/// @spec https://json-schema.org/draft/2020-12/json-schema-validation JSON Schema 2020-12
///   validation
final class SchemaReader {
  private static final String DIALECT = "https://json-schema.org/draft/2020-12/schema";
  private static final int LONGEST_TEXT = 1024;
  private static final int DEFAULT_TEXT = 256;
  private static final int MOST_ITEMS = 256;
  private static final int DEEPEST = 12;

  private static final Set<String> NOTES =
      ordered("title", "description", "$comment", "examples", "deprecated");
  private static final Set<String> TEXT =
      ordered("type", "enum", "const", "minLength", "maxLength", "pattern");
  private static final Set<String> INTEGER =
      ordered(
          "type",
          "enum",
          "const",
          "minimum",
          "maximum",
          "exclusiveMinimum",
          "exclusiveMaximum",
          "multipleOf");
  private static final Set<String> FLAG = ordered("type", "enum", "const");
  private static final Set<String> ARRAY =
      ordered("type", "items", "minItems", "maxItems", "uniqueItems");
  private static final Set<String> COMBINING =
      ordered("allOf", "anyOf", "oneOf", "not", "if", "then", "else");
  private static final Set<String> OBJECT =
      ordered(
          "type",
          "properties",
          "required",
          "additionalProperties",
          "propertyNames",
          "minProperties",
          "maxProperties",
          "dependentRequired");

  private final JsonNode definitions;
  private final Complaints complaints;

  private SchemaReader(JsonNode definitions, Complaints complaints) {
    this.definitions = definitions;
    this.complaints = complaints;
  }

  /// A schema made strict, and the shape of what it accepts.
  record Read(ObjectNode schema, Shape shape) {}

  /// Reads the schema of a whole element; adds the member `type`, which every element has.
  static Read element(String type, ObjectNode schema, Complaints complaints) {
    ObjectNode element = schema.deepCopy();
    JsonNode dialect = element.remove("$schema");
    if (dialect != null && !DIALECT.equals(dialect.asString(""))) {
      complaints.at("/$schema", "only " + DIALECT + " is understood; leave `$schema` out");
    }
    JsonNode definitions = element.remove("$defs");
    var reader =
        new SchemaReader(definitions == null ? StrictJson.object() : definitions, complaints);
    if (!"object".equals(element.path("type").asString(""))) {
      complaints.at("", "the schema of an element must say `type: object`");
      return new Read(element, new Shape.Members(new LinkedHashMap<>(), Set.of()));
    }
    JsonNode properties = element.path("properties");
    if (properties instanceof ObjectNode declared) {
      if (declared.has("type")) {
        complaints.at("/properties/type", "leave it out; the registry adds the member `type`");
      }
      ObjectNode withType = StrictJson.object();
      withType.putObject("type").put("const", type);
      declared.properties().forEach(member -> withType.set(member.getKey(), member.getValue()));
      element.set("properties", withType);
    } else {
      complaints.at("", "the schema of an element needs `properties`");
    }
    ArrayNode required = StrictJson.array().add("type");
    element.path("required").forEach(required::add);
    element.set("required", required);
    return reader.declare(element, "", 0);
  }

  private Read declare(JsonNode node, String at, int depth) {
    if (depth > DEEPEST) {
      complaints.at(at, "nested deeper than " + DEEPEST + " levels, or a `$ref` that comes back");
      return nothing();
    }
    if (!(node instanceof ObjectNode schema)) {
      complaints.at(at, "must be a schema with a `type`");
      return nothing();
    }
    if (schema.has("$ref")) {
      return declare(referenced(schema, at), at, depth + 1);
    }
    return switch (kind(schema, at)) {
      case "string" -> text(schema, at);
      case "integer" -> integer(schema, at);
      case "boolean" -> scalar(schema, at, FLAG, "boolean", JsonNode::isBoolean, Shape.Scalar.FLAG);
      case "array" -> array(schema, at, depth);
      case "object" -> object(schema, at, depth);
      default -> nothing();
    };
  }

  private static Read nothing() {
    return new Read(StrictJson.object(), Shape.Scalar.TEXT);
  }

  private JsonNode referenced(ObjectNode schema, String at) {
    String reference = schema.path("$ref").asString("");
    String prefix = "#/$defs/";
    String name = reference.startsWith(prefix) ? reference.substring(prefix.length()) : "";
    if (name.isEmpty() || !definitions.has(name)) {
      complaints.at(
          at + "/$ref", "only `#/$defs/<name>` of the same schema can be referenced here");
      return StrictJson.object().put("const", "");
    }
    if (schema.size() > 1) {
      complaints.at(at, "`$ref` must stand alone");
    }
    return definitions.path(name);
  }

  private String kind(ObjectNode schema, String at) {
    JsonNode type = schema.path("type");
    if (type.isMissingNode()) {
      JsonNode sample = schema.has("const") ? schema.path("const") : schema.path("enum").path(0);
      if (sample.isString()) {
        return "string";
      }
      if (sample.isIntegralNumber()) {
        return "integer";
      }
      if (sample.isBoolean()) {
        return "boolean";
      }
      complaints.at(at, "needs a `type`");
      return "";
    }
    switch (type.asString("")) {
      case "string", "integer", "boolean", "array", "object" -> {
        return type.asString("");
      }
      case "number" ->
          complaints.at(
              at + "/type",
              "fractions are not exact; use `integer` in minor units, or a text with a pattern");
      default -> complaints.at(at + "/type", "must be string, integer, boolean, array or object");
    }
    return "";
  }

  private Read text(ObjectNode schema, String at) {
    Read read = scalar(schema, at, TEXT, "string", JsonNode::isString, Shape.Scalar.TEXT);
    ObjectNode strict = read.schema();
    boolean listed = strict.has("enum") || strict.has("const");
    if (!listed && !strict.has("maxLength") && !strict.has("pattern")) {
      complaints.at(at, "a text needs `maxLength`, `pattern`, `enum` or `const`");
    }
    if (!listed && !strict.has("maxLength")) {
      strict.put("maxLength", DEFAULT_TEXT);
    }
    range(strict, "maxLength", 0, LONGEST_TEXT, at);
    range(strict, "minLength", 0, LONGEST_TEXT, at);
    pattern(strict, at);
    return read;
  }

  private void pattern(ObjectNode schema, String at) {
    if (!schema.has("pattern")) {
      return;
    }
    String pattern = schema.path("pattern").asString("");
    if (!pattern.startsWith("^") || !pattern.endsWith("$") || pattern.endsWith("\\$")) {
      complaints.at(at + "/pattern", "must cover the whole text: write ^…$");
    }
    int depth = 0;
    for (int i = 0; i < pattern.length(); i++) {
      switch (pattern.charAt(i)) {
        case '\\' -> i++;
        case '(', '[' -> depth++;
        case ')', ']' -> depth--;
        case '|' -> {
          if (depth == 0) {
            complaints.at(at + "/pattern", "put the alternatives into brackets: ^(a|b)$");
          }
        }
        default -> {}
      }
    }
    SafePattern.problem(pattern).ifPresent(problem -> complaints.at(at + "/pattern", problem));
  }

  private Read integer(ObjectNode schema, String at) {
    Read read =
        scalar(schema, at, INTEGER, "integer", JsonNode::isIntegralNumber, Shape.Scalar.INTEGER);
    ObjectNode strict = read.schema();
    boolean listed = strict.has("enum") || strict.has("const");
    boolean bounded =
        (strict.has("minimum") || strict.has("exclusiveMinimum"))
            && (strict.has("maximum") || strict.has("exclusiveMaximum"));
    if (!listed && !bounded) {
      complaints.at(at, "an integer needs `minimum` and `maximum`");
    }
    for (String limit :
        List.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")) {
      range(strict, limit, Long.MIN_VALUE, Long.MAX_VALUE, at);
    }
    return read;
  }

  private Read scalar(
      ObjectNode schema,
      String at,
      Set<String> keywords,
      String type,
      Predicate<JsonNode> isKind,
      Shape.Scalar shape) {
    ObjectNode strict = known(schema, keywords, at);
    strict.put("type", type);
    values(strict, isKind, shape, at);
    return new Read(strict, shape);
  }

  private void values(
      ObjectNode schema, Predicate<JsonNode> isKind, Shape.Scalar shape, String at) {
    JsonNode listed = schema.path("enum");
    if (schema.has("enum") && (!listed.isArray() || listed.isEmpty())) {
      complaints.at(at + "/enum", "must be a list of values");
    }
    for (JsonNode value : listed) {
      if (!isKind.test(value)) {
        complaints.at(at + "/enum", "each value must be " + shape.words());
      }
    }
    if (schema.has("const") && !isKind.test(schema.path("const"))) {
      complaints.at(at + "/const", "must be " + shape.words());
    }
  }

  private Read array(ObjectNode schema, String at, int depth) {
    ObjectNode strict = known(schema, ARRAY, at);
    if (!strict.has("maxItems")) {
      complaints.at(at, "an array needs `maxItems`");
    }
    range(strict, "maxItems", 0, MOST_ITEMS, at);
    range(strict, "minItems", 0, MOST_ITEMS, at);
    if (!strict.has("items")) {
      complaints.at(at, "an array needs `items`");
      return new Read(strict, new Shape.Items(Shape.Scalar.TEXT));
    }
    Read item = declare(strict.path("items"), at + "/items", depth + 1);
    strict.set("items", item.schema());
    return new Read(strict, new Shape.Items(item.shape()));
  }

  private Read object(ObjectNode schema, String at, int depth) {
    var keywords = new LinkedHashSet<>(OBJECT);
    keywords.addAll(COMBINING);
    ObjectNode strict = known(schema, keywords, at);
    if (strict.path("additionalProperties").isObject()) {
      return names(strict, at, depth);
    }
    JsonNode open = strict.path("additionalProperties");
    if (!open.isMissingNode() && !(open.isBoolean() && !open.booleanValue())) {
      complaints.at(
          at + "/additionalProperties",
          "members nobody declared cannot be decided on; leave it out or say false");
    }
    if (strict.has("propertyNames")) {
      complaints.at(at + "/propertyNames", "only where `additionalProperties` is a schema");
    }
    strict.put("additionalProperties", false);
    var shapes = new LinkedHashMap<String, Shape>();
    if (!(strict.path("properties") instanceof ObjectNode properties)) {
      complaints.at(at, "an object needs `properties`");
      return new Read(strict, new Shape.Members(shapes, Set.of()));
    }
    ObjectNode declared = StrictJson.object();
    for (Map.Entry<String, JsonNode> member : properties.properties()) {
      Read read =
          declare(member.getValue(), at + "/properties" + Shape.step(member.getKey()), depth + 1);
      declared.set(member.getKey(), read.schema());
      shapes.put(member.getKey(), read.shape());
    }
    strict.set("properties", declared);
    Set<String> required = required(strict, shapes.keySet(), at);
    var shape = new Shape.Members(shapes, required);
    narrowing(strict, shape, at, depth);
    return new Read(strict, shape);
  }

  private Read names(ObjectNode strict, String at, int depth) {
    for (String keyword : List.of("properties", "required", "dependentRequired")) {
      if (strict.has(keyword)) {
        complaints.at(at + "/" + keyword, "not together with a schema in `additionalProperties`");
      }
    }
    if (!strict.has("maxProperties")) {
      complaints.at(at, "an object with free names needs `maxProperties`");
    }
    range(strict, "maxProperties", 0, MOST_ITEMS, at);
    Read value =
        declare(strict.path("additionalProperties"), at + "/additionalProperties", depth + 1);
    strict.set("additionalProperties", value.schema());
    Read name =
        strict.has("propertyNames")
            ? declare(strict.path("propertyNames"), at + "/propertyNames", depth + 1)
            : new Read(StrictJson.object().put("maxLength", DEFAULT_TEXT), Shape.Scalar.TEXT);
    strict.set("propertyNames", name.schema());
    return new Read(strict, new Shape.Names(value.shape()));
  }

  private Set<String> required(ObjectNode schema, Set<String> declared, String at) {
    var required = new LinkedHashSet<String>();
    if (schema.has("required") && !schema.path("required").isArray()) {
      complaints.at(at + "/required", "must be a list of member names");
    }
    for (JsonNode name : schema.path("required")) {
      required.add(name.asString(""));
    }
    for (String name : required) {
      if (!declared.contains(name)) {
        complaints.at(
            at + "/required", "no such member: `" + name + "`" + Nearest.hint(name, declared));
      }
    }
    return required;
  }

  /// Checks the keywords that narrow an object which is declared elsewhere.
  private void narrowing(ObjectNode schema, Shape shape, String at, int depth) {
    if ((schema.has("then") || schema.has("else")) && !schema.has("if")) {
      complaints.at(at, "`then` and `else` do nothing without `if`");
    }
    for (String keyword : COMBINING) {
      JsonNode branches = schema.path(keyword);
      if (branches.isMissingNode()) {
        continue;
      }
      boolean isList = keyword.endsWith("Of");
      if (isList != branches.isArray() || (isList && branches.isEmpty())) {
        complaints.at(
            at + "/" + keyword, isList ? "must be a list of schemas" : "must be a schema");
        continue;
      }
      List<JsonNode> each = new ArrayList<>();
      if (isList) {
        branches.forEach(each::add);
      } else {
        each.add(branches);
      }
      for (int i = 0; i < each.size(); i++) {
        narrow(each.get(i), shape, at + "/" + keyword + (isList ? "/" + i : ""), depth + 1);
      }
    }
    JsonNode dependent = schema.path("dependentRequired");
    if (shape instanceof Shape.Members members) {
      for (Map.Entry<String, JsonNode> entry : dependent.properties()) {
        ObjectNode one = StrictJson.object();
        one.set("required", entry.getValue());
        required(one, members.shapes().keySet(), at + "/dependentRequired");
        if (!members.shapes().containsKey(entry.getKey())) {
          complaints.at(
              at + "/dependentRequired",
              "no such member: `"
                  + entry.getKey()
                  + "`"
                  + Nearest.hint(entry.getKey(), members.shapes().keySet()));
        }
      }
    }
  }

  private void narrow(JsonNode node, Shape shape, String at, int depth) {
    if (node.isBoolean()) {
      return;
    }
    if (!(node instanceof ObjectNode schema) || depth > DEEPEST) {
      complaints.at(at, "must be a schema");
      return;
    }
    switch (shape) {
      case Shape.Members members -> narrowMembers(schema, members, at, depth);
      case Shape.Scalar scalar -> {
        var keywords =
            new LinkedHashSet<>(
                switch (scalar) {
                  case TEXT -> TEXT;
                  case INTEGER -> INTEGER;
                  case FLAG -> FLAG;
                });
        keywords.remove("type");
        Predicate<JsonNode> isKind =
            switch (scalar) {
              case TEXT -> JsonNode::isString;
              case INTEGER -> JsonNode::isIntegralNumber;
              case FLAG -> JsonNode::isBoolean;
            };
        known(schema, keywords, at);
        values(schema, isKind, scalar, at);
        pattern(schema, at);
      }
      case Shape.Items _ -> known(schema, Set.of("minItems", "maxItems"), at);
      case Shape.Names _ -> known(schema, Set.of("minProperties", "maxProperties"), at);
    }
  }

  private void narrowMembers(ObjectNode schema, Shape.Members members, String at, int depth) {
    var keywords = new LinkedHashSet<>(COMBINING);
    keywords.addAll(
        List.of("properties", "required", "minProperties", "maxProperties", "dependentRequired"));
    known(schema, keywords, at);
    Set<String> declared = members.shapes().keySet();
    required(schema, declared, at);
    for (Map.Entry<String, JsonNode> member : schema.path("properties").properties()) {
      String name = member.getKey();
      Shape shape = members.shapes().get(name);
      String place = at + "/properties" + Shape.step(name);
      if (shape == null) {
        complaints.at(place, "no such member is declared" + Nearest.hint(name, declared));
      } else {
        narrow(member.getValue(), shape, place, depth + 1);
      }
    }
    narrowing(schema, members, at, depth);
  }

  private ObjectNode known(ObjectNode schema, Set<String> keywords, String at) {
    ObjectNode strict = StrictJson.object();
    for (Map.Entry<String, JsonNode> member : schema.properties()) {
      String keyword = member.getKey();
      if (keywords.contains(keyword)) {
        strict.set(keyword, member.getValue());
      } else if (!NOTES.contains(keyword)) {
        complaints.at(
            at + Shape.step(keyword),
            "this keyword would not be checked here" + Nearest.hint(keyword, keywords));
      }
    }
    return strict;
  }

  private void range(ObjectNode schema, String keyword, long least, long most, String at) {
    JsonNode value = schema.path(keyword);
    if (schema.has(keyword)
        && (!value.isIntegralNumber()
            || !value.canConvertToLong()
            || value.longValue() < least
            || value.longValue() > most)) {
      complaints.at(at + "/" + keyword, "must be a whole number between " + least + " and " + most);
    }
  }

  private static Set<String> ordered(String... names) {
    return new LinkedHashSet<>(List.of(names));
  }
}
