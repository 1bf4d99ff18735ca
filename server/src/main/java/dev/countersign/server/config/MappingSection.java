package dev.countersign.server.config;

import dev.countersign.broker.BrokerConfig;
import dev.countersign.broker.Ceiling;
import dev.countersign.broker.CelCondition;
import dev.countersign.broker.Constraint;
import dev.countersign.broker.Constraints;
import dev.countersign.broker.RoleMapping;
import dev.countersign.broker.SqlName;
import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.TypeVersions;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/// Reads what the broker holds requests against: the mappings of a role, and the ceiling of an
/// agent. Both are written alike, by `<type>|<action>`.
final class MappingSection {
  private MappingSection() {}

  /// A mapping is the list of its group roles, or a section with `groups` and constraints.
  static List<RoleMapping> mappings(ConfigSection mappings) {
    var read = new ArrayList<RoleMapping>();
    for (String key : mappings.keys()) {
      if (mappings.tree(key).isArray()) {
        List<String> groups = mappings.texts(key);
        Sections.checked(mappings, key, () -> RoleMapping.of(key, names(groups)))
            .ifPresent(read::add);
        continue;
      }
      ConfigSection mapping = mappings.section(key);
      List<String> groups = mapping.texts("groups");
      Optional<Duration> lifetime =
          mapping.has("lifetime")
              ? Optional.of(mapping.duration("lifetime", Duration.ZERO))
              : Optional.empty();
      Set<Integer> versions = versions(mapping);
      Constraints constraints = constraints(mapping);
      mapping.done();
      Sections.checked(
              mappings,
              key,
              () -> RoleMapping.of(key, names(groups), constraints, lifetime, versions))
          .ifPresent(read::add);
    }
    return List.copyOf(read);
  }

  // The versions of its type that a mapping is written for.
  private static Set<Integer> versions(ConfigSection mapping) {
    if (!mapping.has("versions")) {
      return Set.of(TypeVersions.FIRST);
    }
    var versions = new TreeSet<Integer>();
    for (JsonNode version : mapping.tree("versions")) {
      if (!version.isIntegralNumber()
          || !version.canConvertToInt()
          || !TypeVersions.isVersion(version.intValue())) {
        mapping.problem("versions", "must be a list of whole numbers from 1");
        return Set.of(TypeVersions.FIRST);
      }
      versions.add(version.intValue());
    }
    if (versions.isEmpty()) {
      mapping.problem("versions", "must be a list of whole numbers from 1");
      return Set.of(TypeVersions.FIRST);
    }
    return versions;
  }

  /// An agent's `ceiling`: each kind of request with its constraints, `{}` where there are none.
  static BrokerConfig.Agent agent(ConfigSection agent) {
    var ceiling = new ArrayList<Ceiling>();
    ConfigSection kinds = agent.section("ceiling");
    for (String key : kinds.keys()) {
      ConfigSection kind = kinds.section(key);
      Constraints constraints = constraints(kind);
      kind.done();
      Sections.checked(kinds, key, () -> Ceiling.of(key, constraints)).ifPresent(ceiling::add);
    }
    agent.done();
    return new BrokerConfig.Agent(ceiling);
  }

  private static List<SqlName> names(List<String> groups) {
    return groups.stream().map(SqlName::new).toList();
  }

  private static Constraints constraints(ConfigSection section) {
    var fields = new ArrayList<Constraint>();
    section
        .named("constraints")
        .forEach((path, test) ->
            tests(test)
                .forEach(read ->
                    Sections.checked(section, "constraints", () -> Constraint.of(path, read))
                        .ifPresent(fields::add)));
    Optional<CelCondition> condition =
        section
            .optionalText("condition")
            .flatMap(text -> Sections.checked(section, "condition", () -> CelCondition.of(text)));
    return new Constraints(fields, condition, section.flag("exact", false));
  }

  // Several tests of one field must all pass.
  private static List<Constraint.Test> tests(ConfigSection field) {
    var tests = new ArrayList<Constraint.Test>();
    if (field.has("equals")) {
      JsonNode value = field.tree("equals");
      Sections.checked(field, "equals", () -> new Constraint.Test.Equal(value))
          .ifPresent(tests::add);
    }
    if (field.has("in")) {
      var values = new ArrayList<JsonNode>();
      field.tree("in").forEach(values::add);
      Sections.checked(field, "in", () -> new Constraint.Test.In(values)).ifPresent(tests::add);
    }
    if (field.has("min") || field.has("max")) {
      Optional<BigInteger> least = number(field, "min");
      Optional<BigInteger> most = number(field, "max");
      Sections.checked(field, "min", () -> new Constraint.Test.Range(least, most))
          .ifPresent(tests::add);
    }
    field
        .optionalText("pattern")
        .flatMap(
            text -> Sections.checked(field, "pattern", () -> Constraint.Test.Matching.of(text)))
        .ifPresent(tests::add);
    field.done();
    if (tests.isEmpty()) {
      field.problem("equals", "a constraint needs `equals`, `in`, `min`, `max` or `pattern`");
    }
    return tests;
  }

  private static Optional<BigInteger> number(ConfigSection field, String key) {
    if (!field.has(key)) {
      return Optional.empty();
    }
    JsonNode value = field.tree(key);
    if (!value.isIntegralNumber()) {
      field.problem(key, "must be a whole number");
      return Optional.of(BigInteger.ZERO);
    }
    return Optional.of(value.bigIntegerValue());
  }
}
