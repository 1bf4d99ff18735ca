package dev.countersign.server;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.Logs;
import dev.countersign.broker.BrokerConfig;
import dev.countersign.broker.RoleMapping;
import dev.countersign.broker.SqlName;
import dev.countersign.broker.postgres.PolicySuggestion;
import dev.countersign.broker.postgres.PolicySuggestion.Access;
import dev.countersign.broker.postgres.PolicySuggestion.Condition;
import dev.countersign.broker.postgres.PolicySuggestion.Kind;
import dev.countersign.broker.postgres.TableFacts;
import dev.countersign.broker.postgres.TableFacts.Column;
import dev.countersign.config.ConfigException;
import dev.countersign.policy.Member;
import dev.countersign.server.config.Installation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `countersign rls suggest`: policies for a table and a type of request, as SQL to read and run.
@Command(
    name = "suggest",
    mixinStandardHelpOptions = true,
    description =
        "Prints SQL that holds a table to the approved request: rights for the group role, row-level"
            + " security, and the trigger that lets a write happen once. Changes nothing itself.",
    footer = {
      "",
      "Without --match, columns whose name is a member's name are matched: case_id and caseId, amount"
          + " and instructedAmount.amount. Paths are checked against the registered type."
    })
final class RlsSuggestCommand implements Callable<Integer> {
  @Mixin private ConfigOption config = new ConfigOption();

  @Parameters(
      index = "0",
      paramLabel = "<database>",
      description = "its name under broker.databases")
  private String database = "";

  @Parameters(index = "1", paramLabel = "<table>", description = "schema.table")
  private String table = "";

  @Option(
      names = "--for",
      required = true,
      paramLabel = "<what>",
      description = "read, insert, update or delete")
  private String access = "";

  @Option(
      names = "--type",
      required = true,
      paramLabel = "<type>",
      description = "the registered type of the requests")
  private String type = "";

  @Option(
      names = "--action",
      required = true,
      paramLabel = "<action>",
      description = "their operationDetails.action")
  private String action = "";

  @Option(
      names = "--group",
      paramLabel = "<role>",
      description = "the group role; default: the one that a mapping gives to this type and action")
  private @Nullable String group;

  @Option(
      names = "--match",
      paramLabel = "<column>=<member>",
      description = "the column has exactly the member's value; may repeat")
  private Map<String, String> matches = new LinkedHashMap<>();

  @Option(
      names = "--at-most",
      paramLabel = "<column>=<member>",
      description = "the column has the member's value or less; may repeat")
  private Map<String, String> limits = new LinkedHashMap<>();

  @Option(
      names = "--set",
      paramLabel = "<column>=<member>",
      description = "an update changes the column to the member's value; may repeat")
  private Map<String, String> sets = new LinkedHashMap<>();

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    Installation installation = Installation.read(config.file(), config.variables());
    List<Member> members = installation.types().members(type);
    if (members.isEmpty()) {
      throw problem(
          "--type is not a registered type; registered are "
              + String.join(", ", installation.types().types()));
    }
    Access wanted =
        Access.of(access).orElseThrow(() -> problem("--for is read, insert, update or delete"));
    SqlName role = group(installation.broker().orElseThrow(() -> problem(Installation.NO_BROKER)));
    TableFacts facts = facts(installation);
    try {
      System.out.print(
          new PolicySuggestion(facts, wanted, type, action, role, conditions(facts, members))
              .sql());
    } catch (IllegalArgumentException incomplete) {
      throw problem(String.valueOf(incomplete.getMessage()));
    }
    return 0;
  }

  private SqlName group(BrokerConfig broker) {
    String named = group;
    if (named != null) {
      return new SqlName(named);
    }
    var groups =
        broker.roles().stream()
            .filter(role -> role.database().equals(database))
            .flatMap(role -> role.mappings().stream())
            .filter(mapping -> mapping.type().equals(type) && mapping.action().equals(action))
            .map(RoleMapping::groups)
            .flatMap(List::stream)
            .map(SqlName::text)
            .collect(Collectors.toCollection(TreeSet::new));
    if (groups.size() != 1) {
      throw problem(
          "--group is needed: the mappings give this type and action "
              + (groups.isEmpty() ? "no group role" : String.join(", ", groups)));
    }
    return new SqlName(groups.first());
  }

  private TableFacts facts(Installation installation) {
    int dot = table.indexOf('.');
    if (dot < 1 || dot == table.length() - 1) {
      throw problem("the table is named as schema.table");
    }
    String schema = table.substring(0, dot);
    String name = table.substring(dot + 1);
    if (installation.embeddedDatabases().isEmpty()) {
      return facts(target(installation), schema, name);
    }
    try (var state = StateAccess.open(installation)) {
      return facts(
          target(installation.located(config.file(), config.variables(), state::database)),
          schema,
          name);
    }
  }

  private DatabaseSettings target(Installation installation) {
    return installation.broker().stream()
        .flatMap(broker -> broker.databases().stream())
        .filter(candidate -> candidate.name().equals(database))
        .map(BrokerConfig.Target::mint)
        .findFirst()
        .orElseThrow(() -> problem("broker.databases names no " + database));
  }

  private TableFacts facts(DatabaseSettings login, String schema, String name) {
    return TableFacts.read(login, schema, name)
        .orElseThrow(() -> problem("the database " + database + " has no table " + table));
  }

  private List<Condition> conditions(TableFacts facts, List<Member> members) {
    var conditions = new ArrayList<Condition>();
    matches.forEach(
        (column, path) -> conditions.add(condition(facts, members, column, path, Kind.MATCH)));
    limits.forEach(
        (column, path) -> conditions.add(condition(facts, members, column, path, Kind.AT_MOST)));
    sets.forEach(
        (column, path) -> conditions.add(condition(facts, members, column, path, Kind.SET)));
    if (matches.isEmpty()) {
      for (Column column : facts.columns()) {
        boolean isNamed = conditions.stream().anyMatch(each -> each.column().equals(column));
        if (!isNamed) {
          sameName(column, members)
              .ifPresent(member -> conditions.add(new Condition(column, member, Kind.MATCH)));
        }
      }
    }
    return conditions;
  }

  private static Condition condition(
      TableFacts facts, List<Member> members, String column, String path, Kind kind) {
    Column found =
        facts.column(column).orElseThrow(() -> problem("the table has no column " + column));
    Member member =
        members.stream()
            .filter(candidate -> candidate.path().equals(path))
            .findFirst()
            .orElseThrow(() ->
                problem(
                    "the type has no member "
                        + path
                        + "; it has "
                        + members.stream().map(Member::path).collect(Collectors.joining(", "))));
    if (kind == Kind.AT_MOST && !member.isInteger()) {
      throw problem("--at-most needs a whole number, and " + path + " is none");
    }
    return new Condition(found, path, kind);
  }

  /// The one member whose last name is the column's, whatever the spelling.
  private static Optional<String> sameName(Column column, List<Member> members) {
    List<String> same =
        members.stream()
            .map(Member::path)
            .filter(path ->
                plain(path.substring(path.lastIndexOf('.') + 1)).equals(plain(column.name())))
            .filter(path -> !path.equals("type") && !path.equals("operationDetails.action"))
            .toList();
    return same.size() == 1 ? Optional.of(same.getFirst()) : Optional.empty();
  }

  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replace("_", "");
  }

  private static ConfigException problem(String text) {
    return new ConfigException(List.of(text));
  }
}
