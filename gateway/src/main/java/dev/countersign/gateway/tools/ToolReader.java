package dev.countersign.gateway.tools;

import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.StrictJson;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads tools from their section of a configuration file:
///
/// ```yaml
/// tools:
///   find_case:
///     title: Find a case
///     description: Reads one refund case.
///     inputSchema: {type: object, additionalProperties: false, required: [case_id],
///                   properties: {case_id: {type: string, pattern: "^R-[0-9-]{1,30}$"}}}
///     annotations: {readOnlyHint: true}
///     rar: [{type: "urn:smt:agent:refund", operationDetails: {action: find_case},
///            creditorAccount: {identification: "=args.case_id"}}]
///     scope: refunds
///     role: refunds-read
///     database: refunds
///     statement: SELECT case_id, status FROM refund_case WHERE case_id = :case_id
///     readOnly: true        # else: idempotency: {key: [case_id], within: 10m}
///     result: {kind: row, missing: there is no such case}
/// ```
public final class ToolReader {
  private static final int DEFAULT_ROWS = 100;
  private static final int DEFAULT_BYTES = 256 * 1024;
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);
  private static final Map<String, Boolean> ANNOTATIONS =
      Map.of(
          "title", false,
          "readOnlyHint", true,
          "destructiveHint", true,
          "idempotentHint", true,
          "openWorldHint", true);

  private final Set<String> databases;

  private ToolReader(Set<String> databases) {
    this.databases = Set.copyOf(databases);
  }

  /// Reads all tools. What is wrong goes to the file's problems; use the result only if there are
  /// none.
  ///
  /// @param databases the names that the gateway's configuration knows
  public static Tools read(ConfigSection file, Set<String> databases) {
    var reader = new ToolReader(databases);
    var tools = new LinkedHashMap<String, Tool>();
    Map<String, ConfigSection> sections = file.named("tools");
    var material = new MaterialReader();
    List<Server> servers = ServerReader.read(file, material);
    if (sections.isEmpty() && servers.isEmpty()) {
      file.problem("tools", "missing; at least one tool, or one of `servers`, is needed here");
    }
    sections.forEach((name, section) -> {
      if (Tool.isName(name)) {
        tools.put(name, reader.tool(name, section));
      } else {
        file.problem("tools", "a tool's name must have 1 to 128 of [A-Za-z0-9_.-]");
      }
    });
    material.own(file, tools);
    var names = new HashSet<>(tools.keySet());
    for (Server server : servers) {
      for (Mapping mapping : server.mappings().values()) {
        if (!names.add(mapping.name())) {
          file.problem(
              "servers." + server.name(), "two tools would have the name " + mapping.name());
        }
      }
    }
    file.done();
    return new Tools(tools.values(), servers, material.material());
  }

  private Tool tool(String name, ConfigSection section) {
    String title = section.optionalText("title").orElse(name);
    String description = section.text("description");
    ArgumentSchema schema = schema(section);
    var definition = StrictJson.object();
    definition.put("name", name).put("title", title).put("description", description);
    definition.set("inputSchema", schema.source());
    if (section.has("annotations")) {
      definition.set("annotations", annotations(section));
    }
    RarTemplate details =
        RarTemplate.compile(section.tree("rar"), schema.source(), to(section, "rar"));
    KnownVersions versions = KnownVersions.read(section, section.tree("rar"));
    var grant = new Tool.Grant(section.text("scope"));
    String role = section.text("role");
    ResultMapping result = result(section);
    Statement statement = statement(section, schema.source(), result);
    Optional<Tool.Idempotency> idempotency =
        idempotency(section, schema.source(), statement.readOnly());
    var work = new Work.Sql(role, statement, result);
    Optional<Elevation> elevation =
        ElevationReader.read(
            section,
            new ElevationReader.Base(name, schema, section.tree("rar"), grant, idempotency, work));
    section.done();
    return new Tool(
        name, definition, schema, details, versions, grant, idempotency, work, elevation);
  }

  private static Optional<Tool.Idempotency> idempotency(
      ConfigSection section, ObjectNode schema, boolean readOnly) {
    Optional<Tool.Idempotency> idempotency = IdempotencyReader.read(section, readOnly);
    idempotency.ifPresent(declared -> {
      if (declared.arguments().isEmpty() && !schema.path("properties").isEmpty()) {
        section.problem("idempotency.key", "must name at least one argument");
      }
      for (String argument : declared.arguments()) {
        if (!schema.path("properties").has(argument)) {
          section.problem("idempotency.key", "`" + argument + "` is no property of inputSchema");
        }
      }
    });
    return idempotency;
  }

  private static ArgumentSchema schema(ConfigSection section) {
    JsonNode source = section.tree("inputSchema");
    Consumer<String> problem = to(section, "inputSchema");
    if (!(source instanceof ObjectNode object)) {
      problem.accept("missing; a JSON Schema of the arguments is needed here");
      return ArgumentSchema.of(StrictJson.object(), _ -> {});
    }
    ArgumentSchema schema = ArgumentSchema.of(object, problem);
    schema.checkDefaults(problem);
    return schema;
  }

  private static JsonNode annotations(ConfigSection section) {
    JsonNode annotations = section.tree("annotations");
    annotations
        .properties()
        .forEach(annotation -> {
          Boolean isFlag = ANNOTATIONS.get(annotation.getKey());
          if (isFlag == null) {
            section.problem(
                "annotations", "`" + annotation.getKey() + "` is not one of MCP's annotations");
          } else if (isFlag != annotation.getValue().isBoolean()) {
            section.problem(
                "annotations",
                "`" + annotation.getKey() + "` must be " + (isFlag ? "true or false" : "text"));
          }
        });
    return annotations;
  }

  private Statement statement(ConfigSection section, ObjectNode schema, ResultMapping result) {
    String database = section.text("database");
    if (section.has("database") && !databases.contains(database)) {
      section.problem(
          "database", "no such database; the gateway knows: " + String.join(", ", databases));
    }
    var parsed = NamedParameters.parse(section.text("statement"), to(section, "statement"));
    for (String parameter : parsed.names()) {
      if (!schema.path("properties").has(parameter)) {
        section.problem("statement", "`:" + parameter + "` is no property of inputSchema");
      }
    }
    boolean readOnly = section.flag("readOnly", true);
    Statement.Limits limits = limits(section);
    if (result instanceof ResultMapping.Row) {
      // A write that touches a second row then fails as a whole.
      limits = new Statement.Limits(1, limits.maxBytes(), limits.timeout());
    }
    return new Statement(database, parsed.sql(), parsed.names(), readOnly, limits);
  }

  private static Statement.Limits limits(ConfigSection section) {
    ConfigSection limits = section.optionalSection("limits").orElse(null);
    if (limits == null) {
      return new Statement.Limits(DEFAULT_ROWS, DEFAULT_BYTES, DEFAULT_TIMEOUT);
    }
    long rows = limits.integer("max-rows", DEFAULT_ROWS);
    long bytes = limits.integer("max-bytes", DEFAULT_BYTES);
    Duration timeout = limits.duration("timeout", DEFAULT_TIMEOUT);
    limits.done();
    try {
      return new Statement.Limits(
          Math.clamp(rows, -1, Integer.MAX_VALUE),
          Math.clamp(bytes, -1, Integer.MAX_VALUE),
          timeout);
    } catch (IllegalArgumentException wrong) {
      for (String line : String.valueOf(wrong.getMessage()).split("\n", -1)) {
        section.problem("limits", line);
      }
      return new Statement.Limits(DEFAULT_ROWS, DEFAULT_BYTES, DEFAULT_TIMEOUT);
    }
  }

  private static ResultMapping result(ConfigSection section) {
    ConfigSection result = section.optionalSection("result").orElse(null);
    if (result == null) {
      return new ResultMapping.Rows("rows");
    }
    String kind = result.text("kind");
    ResultMapping mapping =
        switch (kind) {
          case "row" -> new ResultMapping.Row(result.text("missing"));
          case "rows" -> new ResultMapping.Rows(result.optionalText("member").orElse("rows"));
          default -> {
            result.problem("kind", "must be `row` or `rows`");
            yield new ResultMapping.Rows("rows");
          }
        };
    result.done();
    return mapping;
  }

  private static Consumer<String> to(ConfigSection section, String key) {
    List<String> told = new ArrayList<>();
    return message -> {
      if (!told.contains(message)) {
        told.add(message);
        section.problem(key, message);
      }
    };
  }
}
