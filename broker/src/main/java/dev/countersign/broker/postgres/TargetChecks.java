package dev.countersign.broker.postgres;

import dev.countersign.broker.BrokerConfig.Allowance;
import dev.countersign.broker.SqlName;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// What must hold in a target database before a login is minted there. Each rule is a query that
/// finds what breaks it.
final class TargetChecks {
  private static final int OLDEST = 160000;

  private static final String VERSION = "SELECT current_setting('server_version_num')::int";

  private static final String MINT =
      """
      SELECT 1
        FROM pg_catalog.pg_roles
       WHERE rolname = current_user AND %s
      """;

  /// Parameters: 1 group.
  private static final String GROUP =
      """
      SELECT 1
        FROM pg_catalog.pg_roles g
       WHERE g.rolname = ? AND %s
      """;

  private static final String FUNCTIONS =
      """
      SELECT count(*)
        FROM pg_catalog.pg_proc p
        JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        JOIN pg_catalog.pg_roles o ON o.oid = p.proowner
       WHERE n.nspname = 'countersign'
         AND p.proname IN ('request', 'request_jti', 'request_text', 'request_amount', 'consume')
         AND p.prosecdef
         AND NOT o.rolcanlogin
      """;
  private static final int FUNCTION_COUNT = 5;

  private static final String PUBLIC_TEMPORARY =
      """
      SELECT 1
       WHERE has_database_privilege('public', current_database(), 'TEMPORARY')
          OR has_database_privilege('public', current_database(), 'CREATE')
      """;

  private static final String PUBLIC_LARGE_OBJECTS =
      """
      SELECT 1
        FROM pg_catalog.pg_proc p
       WHERE p.pronamespace = 'pg_catalog'::regnamespace
         AND p.proname IN ('lo_create', 'lo_creat', 'lo_from_bytea')
         AND has_function_privilege('public', p.oid, 'EXECUTE')
      """;

  private static final String PREPARED_TRANSACTIONS =
      "SELECT 1 WHERE current_setting('max_prepared_transactions')::int > 0";

  private final Connection connection;
  private final List<String> problems = new ArrayList<>();

  private TargetChecks(Connection connection) {
    this.connection = connection;
  }

  /// Every problem, one sentence each; empty if the set-up is safe.
  static List<String> problems(
      Connection connection, Set<SqlName> groups, Set<Allowance> allowances) throws SQLException {
    var checks = new TargetChecks(connection);
    if (checks.number(VERSION) < OLDEST) {
      // The other questions use words that older servers do not know.
      return List.of(
          "PostgreSQL 16 or newer is needed: before, a CREATEROLE login can make itself"
              + " anything");
    }
    checks.mint();
    checks.database(allowances);
    for (SqlName group : groups) {
      checks.group(group);
    }
    return List.copyOf(checks.problems);
  }

  private void mint() throws SQLException {
    refuseIf(
        MINT.formatted("(rolsuper OR rolbypassrls OR rolreplication)"),
        "the broker's login must be neither superuser nor BYPASSRLS nor REPLICATION");
    refuseIf(MINT.formatted("NOT rolcreaterole"), "the broker's login needs CREATEROLE");
  }

  private void database(Set<Allowance> allowances) throws SQLException {
    if (number(FUNCTIONS) != FUNCTION_COUNT) {
      problems.add(
          "the functions of the schema countersign are missing or belong to a login: run"
              + " `countersign init-db`");
    }
    refuseIf(
        PUBLIC_TEMPORARY,
        "PUBLIC may make temporary tables or schemas here: run `countersign init-db`");
    if (!allowances.contains(Allowance.LARGE_OBJECTS)) {
      refuseIf(
          PUBLIC_LARGE_OBJECTS,
          "PUBLIC may make large objects here: run `countersign init-db` as a superuser, or allow"
              + " large-objects");
    }
    refuseIf(
        PREPARED_TRANSACTIONS,
        "max_prepared_transactions must be 0: a login could leave a transaction behind that"
            + " outlives it and keeps its role from being dropped");
  }

  private void group(SqlName group) throws SQLException {
    String name = group.text();
    if (isEmpty(GROUP.formatted("true"), name)) {
      problems.add("group role " + name + " does not exist");
      return;
    }
    refuseIf(GROUP.formatted("g.rolcanlogin"), "group role " + name + " must be NOLOGIN", name);
    refuseIf(
        GROUP.formatted(
            "(g.rolsuper OR g.rolbypassrls OR g.rolcreaterole OR g.rolcreatedb OR g.rolreplication)"),
        "group role " + name + " must have no attribute such as SUPERUSER or BYPASSRLS",
        name);
    refuseIf(
        GROUP.formatted(
            """
            EXISTS (SELECT FROM pg_catalog.pg_roles p
                     WHERE p.rolname LIKE 'pg\\_%' AND pg_has_role(g.oid, p.oid, 'MEMBER'))\
            """),
        "group role " + name + " must not be a member of a predefined pg_ role",
        name);
    refuseIf(
        GROUP.formatted("EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relowner = g.oid)"),
        "group role " + name + " must not own tables",
        name);
    refuseIf(
        GROUP.formatted(
            """
            (EXISTS (SELECT FROM pg_catalog.pg_namespace n
                      WHERE has_schema_privilege(g.oid, n.oid, 'CREATE'))
             OR has_database_privilege(g.oid, current_database(), 'TEMPORARY'))\
            """),
        "group role " + name + " must not be able to create anything",
        name);
    refuseIf(
        GROUP.formatted(
            """
            NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members m
                          JOIN pg_catalog.pg_roles me ON me.oid = m.member
                         WHERE m.roleid = g.oid
                           AND me.rolname = current_user
                           AND m.admin_option)\
            """),
        "the broker's login needs ADMIN OPTION on group role " + name,
        name);
  }

  private void refuseIf(String sql, String problem, String... parameters) throws SQLException {
    if (!isEmpty(sql, parameters)) {
      problems.add(problem);
    }
  }

  private boolean isEmpty(String sql, String... parameters) throws SQLException {
    try (var statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setString(i + 1, parameters[i]);
      }
      try (var rows = statement.executeQuery()) {
        return !rows.next();
      }
    }
  }

  private int number(String sql) throws SQLException {
    try (var statement = connection.prepareStatement(sql);
        var rows = statement.executeQuery()) {
      rows.next();
      return rows.getInt(1);
    }
  }
}
