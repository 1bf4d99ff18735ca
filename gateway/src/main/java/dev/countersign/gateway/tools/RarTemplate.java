package dev.countersign.gateway.tools;

import com.google.common.collect.ImmutableCollection;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.cel.bundle.Cel;
import dev.cel.bundle.CelFactory;
import dev.cel.common.CelValidationException;
import dev.cel.common.CelValidationResult;
import dev.cel.common.types.CelType;
import dev.cel.common.types.CelTypeProvider;
import dev.cel.common.types.ListType;
import dev.cel.common.types.MapType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructType;
import dev.cel.common.values.NullValue;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// How a call's arguments become authorization details: a JSON tree in which each text that starts
/// with `=` is a CEL expression over `args`, type-checked against the tool's schema when it is
/// loaded; everything else stands as it is. Threads may share it.
final class RarTemplate {
  private final ArrayNode source;
  private final Node root;
  private final ObjectNode schema;

  private RarTemplate(ArrayNode source, Node root, ObjectNode schema) {
    this.source = source.deepCopy();
    this.root = root;
    this.schema = schema;
  }

  /// Compiles a template, telling every problem.
  ///
  /// @return the template; do not use it if a problem was told
  static RarTemplate compile(JsonNode template, ObjectNode schema, Consumer<String> problem) {
    JsonNode list = template.isObject() ? StrictJson.array().add(template) : template;
    if (!(list instanceof ArrayNode array) || array.isEmpty()) {
      problem.accept("must be a list of authorization details, each with a `type`");
      return new RarTemplate(StrictJson.array(), new Fixed(StrictJson.array()), schema);
    }
    for (JsonNode element : array) {
      String type = element.path("type").asString("");
      if (type.isEmpty() || type.startsWith("=")) {
        problem.accept("every element needs a `type` that stands as it is");
      }
    }
    return new RarTemplate(array, new Compiler(schema, problem).node(array, ""), schema);
  }

  /// The template itself, for those who build the same details elsewhere. A copy.
  ArrayNode source() {
    return source.deepCopy();
  }

  /// Builds the details of one call.
  ///
  /// @throws WireException if an expression has no value for these arguments
  AuthorizationDetails build(ObjectNode arguments) {
    Object values = plain(arguments, schema);
    try {
      return AuthorizationDetails.of(root.build(Map.of("args", values)));
    } catch (CelEvaluationException | ArithmeticException noValue) {
      throw new WireException(
          OAuthError.INVALID_AUTHORIZATION_DETAILS, "the arguments give no authorization details");
    }
  }

  private sealed interface Node {
    JsonNode build(Map<String, Object> variables) throws CelEvaluationException;
  }

  private record Fixed(JsonNode value) implements Node {
    @Override
    public JsonNode build(Map<String, Object> variables) {
      return value.deepCopy();
    }
  }

  private record Expression(CelRuntime.Program program) implements Node {
    @Override
    public JsonNode build(Map<String, Object> variables) throws CelEvaluationException {
      return json(program.eval(variables));
    }
  }

  private record Members(Map<String, Node> members) implements Node {
    @Override
    public JsonNode build(Map<String, Object> variables) throws CelEvaluationException {
      ObjectNode object = StrictJson.object();
      for (Map.Entry<String, Node> member : members.entrySet()) {
        object.set(member.getKey(), member.getValue().build(variables));
      }
      return object;
    }
  }

  private record Elements(List<Node> elements) implements Node {
    @Override
    public JsonNode build(Map<String, Object> variables) throws CelEvaluationException {
      ArrayNode array = StrictJson.array();
      for (Node element : elements) {
        array.add(element.build(variables));
      }
      return array;
    }
  }

  /// Turns a template into nodes, with one CEL environment for all its expressions.
  private static final class Compiler {
    private final Cel cel;
    private final Consumer<String> problem;

    Compiler(ObjectNode schema, Consumer<String> problem) {
      var types = new ArgumentTypes(schema);
      this.cel =
          CelFactory.plannerCelBuilder()
              .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
              .setTypeProvider(types)
              .addVar("args", types.root())
              .build();
      this.problem = problem;
    }

    Node node(JsonNode template, String where) {
      return switch (template) {
        case ObjectNode object -> {
          var members = new LinkedHashMap<String, Node>();
          object
              .properties()
              .forEach(member ->
                  members.put(
                      member.getKey(), node(member.getValue(), where + "." + member.getKey())));
          yield new Members(members);
        }
        case ArrayNode array -> {
          var elements = new ArrayList<Node>();
          for (JsonNode element : array) {
            elements.add(node(element, where + "[" + elements.size() + "]"));
          }
          yield new Elements(elements);
        }
        default ->
            template.isString() && template.stringValue().startsWith("=")
                ? expression(template.stringValue().substring(1).strip(), where)
                : new Fixed(template);
      };
    }

    private Node expression(String source, String where) {
      CelValidationResult compiled = cel.compile(source);
      try {
        if (!compiled.hasError()) {
          return new Expression(cel.createProgram(compiled.getAst()));
        }
        compiled
            .getErrors()
            .forEach(error ->
                problem.accept(
                    where
                        + ": column "
                        + (error.getSourceLocation().getColumn() + 1)
                        + " of `"
                        + source
                        + "`: "
                        + error.getMessage()));
      } catch (CelValidationException | CelEvaluationException unusable) {
        problem.accept(where + ": `" + source + "` cannot be compiled");
      }
      return new Fixed(JsonNodeFactory.instance.nullNode());
    }
  }

  /// The CEL types that a schema gives to `args`, so that a misspelt name fails at load.
  private static final class ArgumentTypes implements CelTypeProvider {
    private static final String ROOT = "args";

    private final ImmutableMap<String, StructType> structs;

    ArgumentTypes(ObjectNode schema) {
      var found = new LinkedHashMap<String, StructType>();
      struct(ROOT, schema, found);
      this.structs = ImmutableMap.copyOf(found);
    }

    CelType root() {
      return Objects.requireNonNull(structs.get(ROOT));
    }

    @Override
    public ImmutableCollection<CelType> types() {
      return ImmutableList.copyOf(structs.values());
    }

    @Override
    public Optional<CelType> findType(String name) {
      return Optional.ofNullable(structs.get(name));
    }

    private static CelType struct(String name, JsonNode schema, Map<String, StructType> found) {
      var fields = ImmutableMap.<String, CelType>builder();
      for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
        fields.put(
            property.getKey(), type(name + "." + property.getKey(), property.getValue(), found));
      }
      ImmutableMap<String, CelType> types = fields.buildOrThrow();
      StructType struct =
          StructType.create(name, types.keySet(), field -> Optional.ofNullable(types.get(field)));
      found.put(name, struct);
      return struct;
    }

    private static CelType type(String name, JsonNode schema, Map<String, StructType> found) {
      return switch (schema.path("type").asString("")) {
        case "string" -> SimpleType.STRING;
        case "integer" -> SimpleType.INT;
        case "number" -> SimpleType.DOUBLE;
        case "boolean" -> SimpleType.BOOL;
        case "array" -> ListType.create(type(name + "[]", schema.path("items"), found));
        case "object" ->
            schema.has("properties")
                ? struct(name, schema, found)
                : MapType.create(SimpleType.STRING, SimpleType.DYN);
        default -> SimpleType.DYN;
      };
    }
  }

  /// A value as the type that the schema gave it at load: what may have a fraction is a double,
  /// written with one or not.
  private static Object plain(JsonNode value, JsonNode schema) {
    return switch (value) {
      case ObjectNode object -> {
        var members = new HashMap<String, Object>();
        for (Map.Entry<String, JsonNode> member : object.properties()) {
          members.put(
              member.getKey(),
              plain(member.getValue(), schema.path("properties").path(member.getKey())));
        }
        yield members;
      }
      case ArrayNode array -> {
        var elements = new ArrayList<>();
        array.forEach(element -> elements.add(plain(element, schema.path("items"))));
        yield elements;
      }
      default -> {
        boolean mayHaveFraction = "number".equals(schema.path("type").asString(""));
        if (value.isIntegralNumber() && !mayHaveFraction) {
          yield value.longValue();
        } else if (value.isNumber()) {
          yield value.doubleValue();
        } else if (value.isBoolean()) {
          yield value.booleanValue();
        } else if (value.isString()) {
          yield value.stringValue();
        } else {
          yield NullValue.NULL_VALUE;
        }
      }
    };
  }

  private static JsonNode json(Object value) {
    JsonNodeFactory json = JsonNodeFactory.instance;
    return switch (value) {
      case String text -> json.stringNode(text);
      case Long number -> json.numberNode(number);
      case Boolean flag -> json.booleanNode(flag);
      case Double number -> json.numberNode(BigDecimal.valueOf(number));
      case List<?> list -> {
        ArrayNode array = StrictJson.array();
        list.forEach(element -> array.add(json(element)));
        yield array;
      }
      case Map<?, ?> map -> {
        ObjectNode object = StrictJson.object();
        map.forEach((name, member) -> object.set(String.valueOf(name), json(member)));
        yield object;
      }
      default ->
          throw new WireException(
              OAuthError.INVALID_AUTHORIZATION_DETAILS,
              "an expression of the tool gives a value that JSON does not have");
    };
  }
}
