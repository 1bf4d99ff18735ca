package dev.countersign.policy;

import com.google.re2j.Pattern;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.dialect.Dialects;
import com.networknt.schema.path.NodePath;
import com.networknt.schema.regex.RegularExpression;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// A schema that [SchemaReader] made strict, ready to check values. Threads may share it.
///
/// Stricter than JSON Schema in two points: `8000.0` and `8e3` are not integers, and no text may
/// hold characters that a reader cannot see. Patterns run in linear time.
final class StrictSchema {
  private static final int MOST_COMPLAINTS = 3;
  private static final int MOST_VALUES = 12;

  private static final SchemaRegistry REGISTRY =
      SchemaRegistry.withDialect(
          Dialects.getDraft202012(),
          registry ->
              registry
                  .schemaLoader(loader -> loader.block(address -> true))
                  .schemaRegistryConfig(
                      SchemaRegistryConfig.builder()
                          .typeLoose(false)
                          .regularExpressionFactory(StrictSchema::linear)
                          .build()));

  private final Schema schema;

  StrictSchema(ObjectNode schema) {
    this.schema = REGISTRY.getSchema(schema);
    this.schema.initializeValidators();
  }

  /// What is wrong with a value, in words that may leave the house: where and which rule, never the
  /// value.
  ///
  /// @param root how the value is called in the answer
  Optional<String> problem(JsonNode value, String root) {
    Optional<String> form = form(value, root);
    if (form.isPresent()) {
      return form;
    }
    var problems = new LinkedHashSet<String>();
    for (Error error : schema.validate(value)) {
      problems.add(root + path(error.getInstanceLocation()) + rule(error));
    }
    return problems.isEmpty()
        ? Optional.empty()
        : Optional.of(String.join("; ", problems.stream().limit(MOST_COMPLAINTS).toList()));
  }

  /// Whether a value as the ledger holds it is right, apart from what is not in it.
  boolean accepts(JsonNode value, Redaction redaction) {
    return form(value, "").isEmpty()
        && schema.validate(value).stream()
            .allMatch(error -> redaction.marks("request" + path(error.getInstanceLocation())));
  }

  private static Optional<String> form(JsonNode value, String at) {
    if (value.isNumber() && !(value.isIntegralNumber() && value.canConvertToLong())) {
      return Optional.of(
          at + " must be an integer of at most 64 bits, written without fraction or exponent");
    }
    if (value.isString() && Display.hasHidden(value.stringValue())) {
      return Optional.of(at + " holds a control, direction or invisible character");
    }
    if (value instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        Optional<String> inside = form(array.get(i), at + "[" + i + "]");
        if (inside.isPresent()) {
          return inside;
        }
      }
    }
    for (Map.Entry<String, JsonNode> member : value.properties()) {
      if (Display.hasHidden(member.getKey())) {
        return Optional.of(
            at + " has a member whose name holds a control, direction or invisible character");
      }
      Optional<String> inside = form(member.getValue(), at + "." + name(member.getKey()));
      if (inside.isPresent()) {
        return inside;
      }
    }
    return Optional.empty();
  }

  private static String path(NodePath location) {
    var path = new StringBuilder();
    for (int i = 0; i < location.getNameCount(); i++) {
      Object step = location.getElement(i);
      if (step instanceof Integer index) {
        path.append('[').append(index).append(']');
      } else {
        path.append('.').append(name(String.valueOf(step)));
      }
    }
    return path.toString();
  }

  private static String rule(Error error) {
    JsonNode limit = error.getSchemaNode();
    String property = error.getProperty() == null ? "" : name(error.getProperty());
    return switch (error.getKeyword()) {
      case "required" -> "." + property + " is missing";
      case "additionalProperties" -> "." + property + " is not a member of this type";
      case "false" -> " must not be there";
      case "type" -> " must be of type " + limit.asString("");
      case "const" -> " must be " + plain(limit);
      case "enum" -> " must be one of " + values(limit);
      case "pattern" -> " does not have the required form";
      case "minimum" -> " must be at least " + plain(limit);
      case "maximum" -> " must be at most " + plain(limit);
      case "exclusiveMinimum" -> " must be more than " + plain(limit);
      case "exclusiveMaximum" -> " must be less than " + plain(limit);
      case "multipleOf" -> " must be a multiple of " + plain(limit);
      case "minLength" -> " must have at least " + plain(limit) + " characters";
      case "maxLength" -> " must have at most " + plain(limit) + " characters";
      case "minItems" -> " must have at least " + plain(limit) + " items";
      case "maxItems" -> " must have at most " + plain(limit) + " items";
      case "uniqueItems" -> " must not have the same item twice";
      case "minProperties" -> " must have at least " + plain(limit) + " members";
      case "maxProperties" -> " must have at most " + plain(limit) + " members";
      case "oneOf", "anyOf" -> " has none of the forms that this type allows";
      default -> " breaks the rule " + error.getKeyword() + " of its type";
    };
  }

  private static String values(JsonNode listed) {
    var values = new ArrayList<String>();
    listed.forEach(value -> values.add(plain(value)));
    List<String> shown = values.stream().limit(MOST_VALUES).toList();
    return String.join(", ", shown) + (values.size() > MOST_VALUES ? ", ..." : "");
  }

  private static String plain(JsonNode value) {
    return value.asString("").replaceAll("[^ !#-\\[\\]-~]", "?");
  }

  /// A member's name comes from the caller, so only harmless ones are repeated.
  private static String name(String name) {
    return name.matches("[A-Za-z0-9_$-]{1,64}") ? name : "(a member)";
  }

  private static RegularExpression linear(String pattern) {
    Pattern compiled = Pattern.compile(pattern);
    return text -> compiled.matcher(text).find();
  }
}
