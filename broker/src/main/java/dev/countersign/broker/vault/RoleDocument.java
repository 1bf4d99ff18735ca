package dev.countersign.broker.vault;

import dev.countersign.broker.BrokerConfig;
import dev.countersign.broker.CelCondition;
import dev.countersign.broker.Constraint;
import dev.countersign.broker.Constraints;
import dev.countersign.broker.LoginLimits;
import dev.countersign.broker.RoleMapping;
import dev.countersign.broker.SqlName;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TypeVersions;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The body of `database/roles/:name` and `verify-rar/roles/:name`, read strictly: which requests
/// open which group roles of which database.
final class RoleDocument {
  private static final Duration FIVE_MINUTES = Duration.ofMinutes(5);
  private static final Set<String> MEMBERS =
      Set.of(
          "name",
          "db_name",
          "creation_statements",
          "revocation_statements",
          "rollback_statements",
          "renew_statements",
          "rotation_statements",
          "default_ttl",
          "max_ttl",
          "credential_type",
          "credential_config",
          "rar_mappings",
          "audience",
          "presenters",
          "actors",
          "plain_bearer");
  private static final Set<String> MAPPING =
      Set.of("grants", "ttl", "constraints", "condition", "exact", "versions");
  private static final Set<String> TESTS = Set.of("equals", "in", "pattern", "min", "max");

  private RoleDocument() {}

  /// Reads a body.
  ///
  /// @throws IllegalArgumentException naming the member that is wrong and what it may be
  static BrokerConfig.Role read(String name, ObjectNode body) {
    Members.only(body, MEMBERS);
    for (String unsupported :
        List.of(
            "revocation_statements",
            "rollback_statements",
            "renew_statements",
            "rotation_statements",
            "credential_config")) {
      JsonNode value = body.path(unsupported);
      if (!Members.isEmpty(value) && !(value instanceof ObjectNode object && object.isEmpty())) {
        throw new IllegalArgumentException(
            "`" + unsupported + "` is not supported: the broker ends what it made by itself");
      }
    }
    if (!Members.text(body, "credential_type").orElse("password").equals("password")) {
      throw new IllegalArgumentException("`credential_type` must be password");
    }
    Set<SqlName> groups =
        CreationStatements.groups(
            Members.statements(body, "creation_statements"), "creation_statements");
    Duration timeToLive = Members.duration(body, "default_ttl").orElse(FIVE_MINUTES);
    return new BrokerConfig.Role(
        name,
        required(body, "db_name"),
        new BrokerConfig.Access(
            required(body, "audience"),
            Set.copyOf(Members.texts(body, "presenters")),
            Set.copyOf(Members.texts(body, "actors")),
            Set.of(),
            Members.flag(body, "plain_bearer", false)),
        timeToLive,
        Members.duration(body, "max_ttl").orElse(timeToLive),
        LoginLimits.USUAL,
        mappings(body, groups));
  }

  private static String required(ObjectNode body, String member) {
    return Members.text(body, member)
        .orElseThrow(() -> new IllegalArgumentException("`" + member + "` is missing"));
  }

  private static List<RoleMapping> mappings(ObjectNode body, Set<SqlName> ofAll) {
    if (!(body.path("rar_mappings") instanceof ObjectNode mappings) || mappings.isEmpty()) {
      throw new IllegalArgumentException(
          "`rar_mappings` must name the requests that open this role: {\"<type>|<action>\":"
              + " {\"grants\": [\"GRANT <group> TO \\\"{{name}}\\\"\"]}}");
    }
    var read = new ArrayList<RoleMapping>();
    for (Map.Entry<String, JsonNode> mapping : mappings.properties()) {
      if (!(mapping.getValue() instanceof ObjectNode value)) {
        throw new IllegalArgumentException("every value of `rar_mappings` must be an object");
      }
      Members.only(value, MAPPING);
      var groups = new LinkedHashSet<SqlName>(ofAll);
      groups.addAll(CreationStatements.groups(Members.statements(value, "grants"), "grants"));
      read.add(
          RoleMapping.of(
              mapping.getKey(),
              List.copyOf(groups),
              constraints(value),
              Members.duration(value, "ttl"),
              versions(value.path("versions"))));
    }
    return read;
  }

  private static Set<Integer> versions(JsonNode given) {
    if (given.isMissingNode()) {
      return Set.of(TypeVersions.FIRST);
    }
    var versions = new LinkedHashSet<Integer>();
    for (JsonNode version : given) {
      if (!version.isIntegralNumber() || !version.canConvertToInt()) {
        throw new IllegalArgumentException("`versions` must be a list of whole numbers");
      }
      versions.add(version.intValue());
    }
    return versions;
  }

  private static Constraints constraints(ObjectNode mapping) {
    var fields = new ArrayList<Constraint>();
    JsonNode given = mapping.path("constraints");
    if (!given.isMissingNode() && !given.isObject()) {
      throw new IllegalArgumentException("`constraints` must be an object");
    }
    for (Map.Entry<String, JsonNode> field : given.properties()) {
      if (!(field.getValue() instanceof ObjectNode tests) || tests.isEmpty()) {
        throw new IllegalArgumentException("every value of `constraints` must be an object");
      }
      Members.only(tests, TESTS);
      tests(tests).forEach(test -> fields.add(Constraint.of(field.getKey(), test)));
    }
    return new Constraints(
        fields,
        Members.text(mapping, "condition").map(CelCondition::of),
        Members.flag(mapping, "exact", false));
  }

  private static List<Constraint.Test> tests(ObjectNode tests) {
    var read = new ArrayList<Constraint.Test>();
    if (tests.has("equals")) {
      read.add(new Constraint.Test.Equal(tests.path("equals")));
    }
    if (tests.has("in")) {
      var values = new ArrayList<JsonNode>();
      tests.path("in").forEach(values::add);
      read.add(new Constraint.Test.In(values));
    }
    if (tests.has("pattern")) {
      read.add(Constraint.Test.Matching.of(tests.path("pattern").asString("")));
    }
    if (tests.has("min") || tests.has("max")) {
      read.add(new Constraint.Test.Range(bound(tests, "min"), bound(tests, "max")));
    }
    return read;
  }

  private static Optional<BigInteger> bound(ObjectNode tests, String member) {
    JsonNode value = tests.path(member);
    if (value.isMissingNode()) {
      return Optional.empty();
    }
    if (!value.isIntegralNumber()) {
      throw new IllegalArgumentException("`" + member + "` must be a whole number");
    }
    return Optional.of(value.bigIntegerValue());
  }

  /// What is told of a role: what was written, with Vault's usual members.
  static ObjectNode told(ObjectNode kept) {
    ObjectNode told = StrictJson.object();
    for (String statements :
        List.of(
            "creation_statements",
            "renew_statements",
            "revocation_statements",
            "rollback_statements")) {
      var list = told.putArray(statements);
      Members.statements(kept, statements).forEach(list::add);
    }
    long seconds = Members.duration(kept, "default_ttl").orElse(FIVE_MINUTES).toSeconds();
    told.put("credential_type", "password")
        .put("db_name", kept.path("db_name").asString(""))
        .put("default_ttl", seconds)
        .put("max_ttl", Members.duration(kept, "max_ttl").map(Duration::toSeconds).orElse(seconds));
    for (String member :
        List.of("rar_mappings", "audience", "presenters", "actors", "plain_bearer")) {
      if (kept.has(member)) {
        told.set(member, kept.path(member));
      }
    }
    return told;
  }
}
