package dev.countersign.broker.postgres;

import dev.countersign.broker.SqlName;
import dev.countersign.broker.postgres.TableFacts.Column;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// Row-level security that holds one group role to the approved request, as SQL to read, change and
/// run. It grants nothing that the request does not speak of, and takes nothing from anybody who
/// uses the table today.
///
/// @param type the `type` of the requests that open the table
/// @param action their `operationDetails.action`
/// @param group the NOLOGIN role that a minted login is a member of
/// @param conditions what ties a row to the request; at least one
public record PolicySuggestion(
    TableFacts table,
    Access access,
    String type,
    String action,
    SqlName group,
    List<Condition> conditions) {
  private static final String AMOUNT = "operationDetails.instructedAmount.amount";
  private static final String JTI = "jti";

  public PolicySuggestion {
    conditions = List.copyOf(conditions);
    if (conditions.isEmpty()) {
      throw new IllegalArgumentException(
          "nothing ties a row to the request: name columns with --match <column>=<member>");
    }
    if (access == Access.UPDATE) {
      if (conditions.stream().noneMatch(condition -> condition.kind() == Kind.MATCH)) {
        throw new IllegalArgumentException(
            "nothing says which row an update may change: name a column with --match");
      }
      if (conditions.stream().allMatch(condition -> condition.kind() == Kind.MATCH)) {
        throw new IllegalArgumentException(
            "nothing says what an update may change: name a column with --set or --at-most");
      }
    }
  }

  /// The script.
  public String sql() {
    var script = new ArrayList<String>();
    script.add(
        "-- %s on %s for requests of type %s, action %s."
            .formatted(words(), table.name(), type, action));
    script.add("-- Read it, change it, run it as the table's owner (%s).".formatted(table.owner()));
    script.addAll(remarks());
    script.add("BEGIN;");
    script.add(grants());
    script.add(
        "ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY;\nALTER TABLE %1$s FORCE ROW LEVEL SECURITY;"
            .formatted(table.name()));
    script.addAll(keepOthers());
    script.add(policy());
    if (access == Access.INSERT && table.column(JTI).isPresent()) {
      script.add(ownRows());
    }
    if (access != Access.READ) {
      script.add(once());
    }
    script.add("COMMIT;");
    return String.join("\n\n", script) + "\n";
  }

  private String words() {
    return switch (access) {
      case READ -> "Reading";
      case INSERT -> "One insert";
      case UPDATE -> "One update";
      case DELETE -> "One delete";
    };
  }

  private List<String> remarks() {
    var remarks = new ArrayList<String>();
    if (!table.policies().isEmpty()) {
      remarks.add(
          "-- CAREFUL: a row passes if ANY permissive policy lets it. Already there: %s."
              .formatted(String.join(", ", table.policies())));
    }
    if (table.others().contains("PUBLIC")) {
      remarks.add(
          "-- CAREFUL: PUBLIC has rights on this table, and so has every minted login. REVOKE them.");
    }
    if (access == Access.INSERT) {
      Set<String> filled = names(conditions);
      String missing =
          table.columns().stream()
              .filter(Column::isRequired)
              .map(Column::name)
              .filter(name -> !filled.contains(name) && !name.equals(JTI))
              .collect(Collectors.joining(", "));
      if (!missing.isEmpty()) {
        remarks.add(
            "-- MISSING: no member of the request fills %s; match it or give it a default."
                .formatted(missing));
      }
      if (table.column(JTI).isEmpty()) {
        remarks.add(
            "-- BETTER: ALTER TABLE %s ADD COLUMN jti text; and ask again: then each row leads to the"
                    .formatted(table.name())
                + "\n-- decision, the approval and the person behind it.");
      }
    }
    return remarks;
  }

  private String grants() {
    List<String> grants =
        switch (access) {
          case READ -> List.of(grant("SELECT", table.columns()));
          case INSERT -> List.of(grant("INSERT", columns(conditions)));
          case UPDATE ->
              List.of(grant("SELECT", columns(which())), grant("UPDATE", columns(changed())));
          case DELETE ->
              List.of(
                  grant("SELECT", columns(which())),
                  "GRANT DELETE ON %s TO %s;".formatted(table.name(), group.text()));
        };
    return String.join("\n", grants);
  }

  private String grant(String right, List<Column> columns) {
    return "GRANT %s (%s) ON %s TO %s;"
        .formatted(
            right,
            columns.stream().map(Column::quoted).collect(Collectors.joining(", ")),
            table.name(),
            group.text());
  }

  // Whoever uses the table today must not lose it by row-level security being switched on.
  private List<String> keepOthers() {
    if (!table.policies().isEmpty()) {
      return List.of();
    }
    var keep = new LinkedHashSet<String>(table.others());
    keep.remove("PUBLIC");
    keep.remove(group.text());
    keep.add(table.owner());
    return keep.stream()
        .map(role ->
            """
            -- %1$s used this table before and goes on as before.
            DROP POLICY IF EXISTS %2$s ON %3$s;
            CREATE POLICY %2$s ON %3$s TO %1$s USING (true) WITH CHECK (true);\
            """
                .formatted(role, name("keep_" + role), table.name()))
        .toList();
  }

  private String policy() {
    String policy = name("countersign_" + access.command() + "_" + action);
    String check =
        switch (access) {
          case READ, DELETE -> "USING (" + all(which()) + ")";
          case INSERT -> "WITH CHECK (" + all(conditions) + jti() + ")";
          case UPDATE -> "USING (" + all(which()) + ")\n    WITH CHECK (" + all(conditions) + ")";
        };
    return """
    DROP POLICY IF EXISTS %1$s ON %2$s;
    CREATE POLICY %1$s ON %2$s FOR %3$s TO %4$s
        %5$s;\
    """
        .formatted(
            policy, table.name(), access.command().toUpperCase(Locale.ROOT), group.text(), check);
  }

  // Each `(SELECT …)` is evaluated once per statement, not once per row.
  // Each names type and action, so it is null, and lets nothing through, for another request.
  private String all(List<Condition> parts) {
    return parts.stream()
        .map(part -> part.sql(literal(type) + ", " + literal(action)))
        .collect(Collectors.joining("\n           AND "));
  }

  private String jti() {
    return table.column(JTI).isPresent()
        ? "\n           AND jti = (SELECT countersign.request_jti())"
        : "";
  }

  private String ownRows() {
    String policy = name("countersign_own_" + action);
    return """
    -- RETURNING shows the login its own row and no other.
    GRANT SELECT ON %2$s TO %3$s;
    DROP POLICY IF EXISTS %1$s ON %2$s;
    CREATE POLICY %1$s ON %2$s FOR SELECT TO %3$s
        USING (jti = (SELECT countersign.request_jti()));\
    """
        .formatted(policy, table.name(), group.text());
  }

  // Fires for members of the group only: it is the membership that lets a login write here at all.
  private String once() {
    String trigger = name("a_consume_" + group.text());
    String column = table.column(JTI).isPresent() ? literal(JTI) : "";
    String kind =
        (column.isEmpty() ? "''" : column) + ", " + literal(type) + ", " + literal(action);
    boolean isShared =
        table.triggers().stream()
            .anyMatch(there -> there.contains(trigger) && !there.contains("consume(" + kind + ")"));
    String remark =
        isShared
            ? "-- Requests of other kinds write here too, so that a row uses up the whole token.\n"
            : "";
    return remark
        + """
        -- The approved request allows one row, once, whatever the login runs. Superusers count as
        -- members of every group: they write with SET session_replication_role = replica.
        CREATE OR REPLACE TRIGGER %1$s
            BEFORE INSERT OR UPDATE OR DELETE ON %2$s
            FOR EACH ROW WHEN (pg_catalog.pg_has_role(session_user, %3$s, 'USAGE'))
            EXECUTE FUNCTION countersign.consume(%4$s);\
        """
            .formatted(trigger, table.name(), literal(group.text()), isShared ? column : kind);
  }

  // What picks the row. An update's limit is about the row it makes, not the one it finds.
  private List<Condition> which() {
    return conditions.stream()
        .filter(condition -> access != Access.UPDATE || condition.kind() == Kind.MATCH)
        .toList();
  }

  private List<Condition> changed() {
    return conditions.stream().filter(condition -> condition.kind() != Kind.MATCH).toList();
  }

  private static List<Column> columns(List<Condition> conditions) {
    return conditions.stream().map(Condition::column).distinct().toList();
  }

  private static Set<String> names(List<Condition> conditions) {
    return conditions.stream()
        .map(condition -> condition.column().name())
        .collect(Collectors.toSet());
  }

  private static String name(String wish) {
    String plain = wish.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_]", "_");
    return plain.substring(0, Math.min(63, plain.length()));
  }

  private static String literal(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  /// What the login may do with the table.
  public enum Access {
    READ("select"),
    INSERT("insert"),
    UPDATE("update"),
    DELETE("delete");

    private final String command;

    Access(String command) {
      this.command = command;
    }

    String command() {
      return command;
    }

    /// The one of this name, such as `read`.
    public static Optional<Access> of(String name) {
      return List.of(values()).stream()
          .filter(access -> access.name().toLowerCase(Locale.ROOT).equals(name))
          .findFirst();
    }
  }

  /// How one column is tied to one member of the request.
  ///
  /// @param member its path, such as `operationDetails.caseId`
  /// @param kind how the two are compared
  public record Condition(Column column, String member, Kind kind) {
    public Condition {
      if (!member.matches("[A-Za-z0-9_]+(\\.[A-Za-z0-9_]+)*")) {
        throw new IllegalArgumentException("a member's path has letters, digits, `_` and dots");
      }
    }

    String sql(String request) {
      String value = "(SELECT " + value(request) + ")";
      return switch (kind) {
        case MATCH, SET -> column.quoted() + " = " + value;
        case AT_MOST ->
            column.quoted() + " > 0\n           AND " + column.quoted() + " <= " + value;
      };
    }

    private String value(String request) {
      if (member.equals(AMOUNT) && !column.isText()) {
        return "countersign.request_amount(" + request + ")";
      }
      String text = "countersign.request_text(" + literal(member) + ", " + request + ")";
      return column.isText() ? text : text + "::" + column.type();
    }
  }

  /// How a column is compared with its member.
  public enum Kind {
    /// The row has exactly the approved value.
    MATCH,
    /// The row has the approved value or less, and more than nothing.
    AT_MOST,
    /// An update changes it to the approved value.
    SET
  }
}
