package dev.countersign.agent;

import static dev.countersign.agent.TemplateException.Problem.INEXACT_NUMBER;
import static dev.countersign.agent.TemplateException.Problem.MALFORMED_TEMPLATE;
import static dev.countersign.agent.TemplateException.Problem.MISSING_ARGUMENT;
import static dev.countersign.agent.TemplateException.Problem.UNSUPPORTED_EXPRESSION;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// How a call's arguments become authorization details: a JSON tree in which a text that starts
/// with `=` names an argument (`=args.case_id`, `=args.payee["account-id"]`, `=args.items[0]`);
/// everything else stands as it is. Threads may share it.
///
/// The gateway's templates may hold any CEL expression. An agent evaluates names only, the same in
/// every language, and refuses the rest: a tool that needs more is called in the mode `te`.
public final class RarTemplate {
  private static final Pattern PATH =
      Pattern.compile(
          "=\\s*args((?:\\.[A-Za-z_][A-Za-z0-9_]*|\\[(?:\"[^\"\\\\]*\"|'[^'\\\\]*'|[0-9]{1,6})])+)\\s*");
  private static final Pattern STEP =
      Pattern.compile("\\.([A-Za-z_][A-Za-z0-9_]*)|\\[(?:\"([^\"]*)\"|'([^']*)'|([0-9]+))]");
  private static final long LARGEST = (1L << 53) - 1;
  private static final BigDecimal SMALLEST = new BigDecimal("0.000001");

  private final ArrayNode source;

  private RarTemplate(ArrayNode source) {
    this.source = source;
  }

  /// Reads a template.
  ///
  /// @throws TemplateException if it is none, or holds an expression that no agent evaluates
  public static RarTemplate of(JsonNode template) {
    if (!(template instanceof ArrayNode array) || array.isEmpty()) {
      throw malformed("a template must be a list of authorization details");
    }
    for (JsonNode element : array) {
      String type = element.path("type").asString("");
      if (!element.isObject() || type.isEmpty() || type.startsWith("=")) {
        throw malformed("every element of a template needs a `type` that stands as it is");
      }
    }
    check(array);
    return new RarTemplate(array.deepCopy());
  }

  /// SHA-256 of the canonical form, base64url: what a pin holds.
  public String digest() {
    return Digest.sha256(StrictJson.canonical(source));
  }

  /// Builds the details of one call.
  ///
  /// @param inputSchema the tool's; its defaults stand in for arguments that were left out
  /// @throws TemplateException if an argument is missing or holds an inexact number
  public AuthorizationDetails build(ObjectNode arguments, ObjectNode inputSchema) {
    ObjectNode filled = arguments.deepCopy();
    inputSchema
        .path("properties")
        .properties()
        .forEach(property -> {
          JsonNode value = property.getValue().path("default");
          if (!value.isMissingNode() && !filled.has(property.getKey())) {
            filled.set(property.getKey(), value.deepCopy());
          }
        });
    JsonNode built = build(source, filled);
    try {
      return AuthorizationDetails.of(built);
    } catch (WireException unusable) {
      throw malformed(unusable.description());
    }
  }

  private static void check(JsonNode node) {
    if (node.isString() && node.stringValue().startsWith("=")) {
      if (!PATH.matcher(node.stringValue()).matches()) {
        throw new TemplateException(
            UNSUPPORTED_EXPRESSION, "a template holds an expression that is not just an argument");
      }
    } else if (node.isContainer()) {
      node.forEach(RarTemplate::check);
    }
  }

  private static JsonNode build(JsonNode node, ObjectNode arguments) {
    return switch (node) {
      case ObjectNode object -> {
        ObjectNode built = StrictJson.object();
        object
            .properties()
            .forEach(member -> built.set(member.getKey(), build(member.getValue(), arguments)));
        yield built;
      }
      case ArrayNode array -> {
        ArrayNode built = StrictJson.array();
        array.forEach(element -> built.add(build(element, arguments)));
        yield built;
      }
      default ->
          node.isString() && node.stringValue().startsWith("=")
              ? exact(value(node.stringValue(), arguments))
              : node;
    };
  }

  private static JsonNode value(String expression, ObjectNode arguments) {
    JsonNode value = arguments;
    for (String step : steps(expression)) {
      value =
          value instanceof ArrayNode array && step.matches("[0-9]+")
              ? array.path(Integer.parseInt(step))
              : value.path(step);
    }
    if (value.isMissingNode()) {
      throw new TemplateException(
          MISSING_ARGUMENT, "the call lacks the argument " + steps(expression).getFirst());
    }
    return value.deepCopy();
  }

  private static List<String> steps(String expression) {
    Matcher path = PATH.matcher(expression);
    var steps = new ArrayList<String>();
    if (path.matches()) {
      Matcher step = STEP.matcher(path.group(1));
      while (step.find()) {
        for (int group = 1; group <= step.groupCount(); group++) {
          if (step.group(group) != null) {
            steps.add(step.group(group));
          }
        }
      }
    }
    return steps;
  }

  private static JsonNode exact(JsonNode value) {
    if (value.isNumber()) {
      BigDecimal number = value.decimalValue();
      boolean small = number.signum() != 0 && number.abs().compareTo(SMALLEST) < 0;
      if (small || number.abs().compareTo(BigDecimal.valueOf(LARGEST)) > 0) {
        throw new TemplateException(
            INEXACT_NUMBER, "an argument is a number that cannot be carried exactly");
      }
    } else if (value.isContainer()) {
      value.forEach(RarTemplate::exact);
    }
    return value;
  }

  private static TemplateException malformed(String message) {
    return new TemplateException(MALFORMED_TEMPLATE, message);
  }
}
