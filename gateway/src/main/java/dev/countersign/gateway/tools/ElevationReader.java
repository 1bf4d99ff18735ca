package dev.countersign.gateway.tools;

import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.StrictJson;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/// Reads `elevation` of a tool:
///
/// ```yaml
/// elevation:
///   probe:
///     rar: [{type: "urn:smt:agent:case", operationDetails: {action: classify, caseId: "=args.case_id"}}]
///     statement: SELECT class FROM refund_case WHERE case_id = :case_id
///   when: {column: class, in: [restricted, secret]}     # or equals, or not-in
///   rar: [{type: "urn:smt:agent:case", operationDetails: {action: read_restricted, caseId: "=args.case_id"}}]
/// ```
///
/// `scope` and `role` are the tool's where the probe or the elevation names none.
final class ElevationReader {
  private static final String COLUMN = "[A-Za-z_][A-Za-z0-9_]{0,62}";
  private static final Statement.Limits LIMITS =
      new Statement.Limits(1, 16 * 1024, Duration.ofSeconds(5));

  private final ConfigSection section;
  private final Base base;

  /// What the tool itself is.
  record Base(
      String name,
      ArgumentSchema schema,
      JsonNode rar,
      Tool.Grant grant,
      Optional<Tool.Idempotency> idempotency,
      Work.Sql work) {}

  private ElevationReader(ConfigSection section, Base base) {
    this.section = section;
    this.base = base;
  }

  static Optional<Elevation> read(ConfigSection tool, Base base) {
    return tool.optionalSection("elevation")
        .map(section -> new ElevationReader(section, base).elevation());
  }

  private Elevation elevation() {
    ConfigSection declared = section.section("probe");
    Tool probe = probe(declared);
    declared.done();
    ConfigSection condition = section.section("when");
    Elevation.When when = when(condition);
    condition.done();
    Tool elevated =
        tool(
            section,
            base.name(),
            base.idempotency(),
            new Work.Sql(role(section), base.work().statement(), base.work().result()));
    section.done();
    for (JsonNode same : List.of(base.rar(), declared.tree("rar"))) {
      if (StrictJson.canonical(same).equals(StrictJson.canonical(section.tree("rar")))) {
        section.problem("rar", "must ask for another thing than the tool and its probe do");
      }
    }
    return new Elevation(probe, when, elevated);
  }

  private Tool probe(ConfigSection declared) {
    Statement of = base.work().statement();
    var parsed = NamedParameters.parse(declared.text("statement"), to(declared, "statement"));
    for (String parameter : parsed.names()) {
      if (!base.schema().source().path("properties").has(parameter)) {
        declared.problem("statement", "`:" + parameter + "` is no property of inputSchema");
      }
    }
    var statement = new Statement(of.database(), parsed.sql(), parsed.names(), true, LIMITS);
    var work =
        new Work.Sql(role(declared), statement, new ResultMapping.Row("there is no such record"));
    String name = base.name() + ".probe";
    if (!Tool.isName(name)) {
      declared.problem("statement", "the tool's name is too long to have a probe");
    }
    return tool(declared, Tool.isName(name) ? name : "probe", Optional.empty(), work);
  }

  private Tool tool(
      ConfigSection from, String name, Optional<Tool.Idempotency> idempotency, Work.Sql work) {
    JsonNode rar = from.tree("rar");
    RarTemplate details = RarTemplate.compile(rar, base.schema().source(), to(from, "rar"));
    KnownVersions versions = KnownVersions.read(from, rar);
    var grant = new Tool.Grant(from.optionalText("scope").orElse(base.grant().scope()));
    return new Tool(
        name, StrictJson.object(), base.schema(), details, versions, grant, idempotency, work);
  }

  private String role(ConfigSection from) {
    return from.optionalText("role").orElse(base.work().role());
  }

  private static Elevation.When when(ConfigSection condition) {
    String column = condition.text("column");
    if (!column.matches(COLUMN)) {
      condition.problem("column", "must be a column of the probe's statement");
    }
    List<String> named = List.of("equals", "in", "not-in").stream().filter(condition::has).toList();
    if (named.size() != 1) {
      condition.problem("equals", "exactly one of `equals`, `in` and `not-in` is needed here");
      return new Elevation.When(column, Set.of(), true);
    }
    String kind = named.getFirst();
    JsonNode given = condition.tree(kind);
    var values = new ArrayList<JsonNode>();
    if (kind.equals("equals")) {
      values.add(given);
    } else {
      given.forEach(values::add);
    }
    boolean isUsable =
        !values.isEmpty()
            && values.stream().allMatch(one -> one.isString() || one.isNumber() || one.isBoolean())
            && values.stream().map(JsonNode::getNodeType).distinct().count() == 1;
    if (!isUsable) {
      condition.problem(kind, "must be texts, numbers or booleans, all of one kind");
    }
    return new Elevation.When(column, Set.copyOf(values), !kind.equals("not-in"));
  }

  private static Consumer<String> to(ConfigSection section, String key) {
    return message -> section.problem(key, message);
  }
}
