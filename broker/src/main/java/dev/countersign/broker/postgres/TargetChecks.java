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
  private static final int OLDEST = 15_00_00;
  private static final int SAFE = 16_00_00;

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

  /// What init-db installs, as it should be: run with the rights of a role that nobody logs in as,
  /// but for those that end a login and its connections, which may do what their caller may.
  private static final String FUNCTIONS =
      """
      SELECT count(*),
             count(*) FILTER (WHERE p.prosecdef = (p.proname NOT LIKE 'end\\_%')
                                AND NOT o.rolcanlogin)
        FROM pg_catalog.pg_proc p
        JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        JOIN pg_catalog.pg_roles o ON o.oid = p.proowner
       WHERE n.nspname = 'countersign'
         AND p.proname IN ('request', 'request_jti', 'request_of', 'request_text',
                           'request_amount', 'consume', 'end_connections', 'end_login')
      """;

  private static final int FUNCTION_COUNT = 13;

  /// Tables that somebody makes later and that a login may use at once. Parameters: 1 group.
  private static final String LATER_TABLES =
      """
      SELECT DISTINCT d.defaclrole::regrole::text
        FROM pg_catalog.pg_default_acl d,
             LATERAL pg_catalog.aclexplode(d.defaclacl) a
       WHERE d.defaclobjtype = 'r'
         AND (a.grantee = 0
              OR pg_catalog.pg_has_role((SELECT oid FROM pg_catalog.pg_roles WHERE rolname = ?),
                                        nullif(a.grantee, 0), 'USAGE'))
       ORDER BY 1
      """;

  /// Functions that run as their owner, whatever schemas their caller puts before. Parameters: 1
  /// group.
  private static final String LOOSE_FUNCTIONS =
      """
      SELECT p.oid::regprocedure::text
        FROM pg_catalog.pg_proc p
        JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        JOIN pg_catalog.pg_roles g ON g.rolname = ?
       WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
         AND p.prosecdef
         AND p.prosqlbody IS NULL
         AND NOT coalesce(p.proconfig::text ~ 'search_path=', false)
         AND pg_catalog.has_schema_privilege(g.oid, n.oid, 'USAGE')
         AND pg_catalog.has_function_privilege(g.oid, p.oid, 'EXECUTE')
       ORDER BY 1
      """;

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

  private static final String NO_AUTOVACUUM =
      """
      SELECT name
        FROM pg_catalog.pg_settings
       WHERE name IN ('autovacuum', 'track_counts') AND setting = 'off'
      """;

  private static final String SLOW_AUTOVACUUM =
      "SELECT name FROM pg_catalog.pg_settings WHERE name = 'autovacuum_naptime' AND setting::int > 60";

  private static final String PUBLIC_SCHEMAS =
      """
      SELECT n.nspname
        FROM pg_catalog.pg_namespace n
       WHERE has_schema_privilege('public', n.oid, 'CREATE')
       ORDER BY n.nspname
      """;

  /// Tables that a group may touch, whatever way it came to that right. Parameters: 1 group.
  private static final String TABLES =
      """
      SELECT n.nspname || '.' || c.relname
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_roles g ON g.rolname = ?
        JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
       WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
         AND (has_table_privilege(g.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
              OR has_any_column_privilege(g.oid, c.oid, 'SELECT, INSERT, UPDATE'))
         AND %s
       ORDER BY 1
      """;

  private static final String WITHOUT_POLICIES = "c.relkind IN ('r', 'p') AND NOT c.relrowsecurity";

  private static final String OWNER_IS_FREE =
      "c.relkind IN ('r', 'p') AND c.relrowsecurity AND NOT c.relforcerowsecurity AND o.rolcanlogin";

  /// What has no policies of its own: a view that runs as its owner, or data copied from elsewhere.
  private static final String AROUND_POLICIES =
      """
      (c.relkind IN ('m', 'f')
       OR (c.relkind = 'v'
           AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)
           AND NOT coalesce('security_invoker=on' = ANY (c.reloptions), false)))\
      """;

  private final Connection connection;
  private final Set<Allowance> allowances;
  private final List<String> problems = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();

  private TargetChecks(Connection connection, Set<Allowance> allowances) {
    this.connection = connection;
    this.allowances = allowances;
  }

  /// Looks at a database.
  static Findings look(Connection connection, Set<SqlName> groups, Set<Allowance> allowances)
      throws SQLException {
    var checks = new TargetChecks(connection, allowances);
    int version = checks.number(VERSION);
    if (version < OLDEST) {
      // The other questions use words that older servers do not know.
      return new Findings(List.of("PostgreSQL 16 or newer is needed"), List.of());
    }
    if (version < SAFE && !allowances.contains(Allowance.POSTGRES_15)) {
      return new Findings(
          List.of(
              "PostgreSQL 16 or newer is needed: on 15 a CREATEROLE login can make itself anything;"
                  + " to mint all the same, say `allow: [postgres-15]`"),
          List.of());
    }
    checks.mint();
    checks.database();
    checks.vacuum();
    for (SqlName group : groups) {
      checks.group(group, version);
      checks.tables(group);
    }
    return new Findings(checks.problems, checks.warnings);
  }

  private void mint() throws SQLException {
    if (allowances.contains(Allowance.SUPERUSER)) {
      return;
    }
    refuseIf(
        MINT.formatted("rolsuper"),
        "the broker's login must not be superuser; use one with CREATEROLE, or say"
            + " `allow: [superuser]`");
    refuseIf(
        MINT.formatted("(rolbypassrls OR rolreplication)"),
        "the broker's login must be neither BYPASSRLS nor REPLICATION");
    refuseIf(MINT.formatted("NOT rolcreaterole"), "the broker's login needs CREATEROLE");
  }

  private void database() throws SQLException {
    functions();
    refuseIf(
        PUBLIC_TEMPORARY,
        "PUBLIC may make temporary tables or schemas here: run `countersign init-db`");
    for (String schema : names(PUBLIC_SCHEMAS)) {
      problems.add("PUBLIC may create in schema " + schema + ": run `countersign init-db`");
    }
    if (!allowances.contains(Allowance.LARGE_OBJECTS)) {
      refuseIf(
          PUBLIC_LARGE_OBJECTS,
          "PUBLIC may make large objects here: have a superuser run `countersign init-db`, or say"
              + " `allow: [large-objects]`");
    }
    refuseIf(
        PREPARED_TRANSACTIONS,
        "max_prepared_transactions must be 0: a login could leave a transaction behind that"
            + " outlives it and keeps its role from being dropped");
  }

  private void functions() throws SQLException {
    try (var statement = connection.prepareStatement(FUNCTIONS);
        var rows = statement.executeQuery()) {
      rows.next();
      int there = rows.getInt(1);
      if (there == 0) {
        problems.add(
            "the functions of the schema countersign are missing: run `countersign init-db`");
      } else if (there < FUNCTION_COUNT) {
        problems.add(
            "some functions of the schema countersign are missing, as where an older version prepared"
                + " this database: run `countersign init-db` again");
      } else if (rows.getInt(2) != FUNCTION_COUNT) {
        problems.add(
            "functions of the schema countersign belong to a login, or run with other rights than"
                + " they should: run `countersign init-db` again, or drop the schema first");
      }
    }
  }

  // Minting and revoking leaves dead rows in the catalog of roles, and nothing but vacuum takes
  // them
  // away again.
  private void vacuum() throws SQLException {
    if (!names(NO_AUTOVACUUM).isEmpty()) {
      warnings.add(
          "autovacuum or track_counts is off: the catalog of roles grows with every login; switch both"
              + " on, or run VACUUM pg_catalog.pg_authid, pg_catalog.pg_auth_members,"
              + " pg_catalog.pg_db_role_setting, pg_catalog.pg_shdepend by hand");
    }
    if (!names(SLOW_AUTOVACUUM).isEmpty()) {
      warnings.add(
          "autovacuum looks less often than once a minute: at a hundred logins a second set"
              + " autovacuum_naptime = 10s");
    }
  }

  private void tables(SqlName group) throws SQLException {
    for (String table : names(TABLES.formatted(WITHOUT_POLICIES), group.text())) {
      problems.add(
          "group role "
              + group.text()
              + " may use table "
              + table
              + ", which has no row-level security: ALTER TABLE … ENABLE ROW LEVEL SECURITY");
    }
    for (String table : names(TABLES.formatted(OWNER_IS_FREE), group.text())) {
      warnings.add(
          "the owner of table "
              + table
              + " can log in and is above its policies: ALTER TABLE … FORCE ROW LEVEL SECURITY");
    }
    for (String view : names(TABLES.formatted(AROUND_POLICIES), group.text())) {
      warnings.add(
          "group role "
              + group.text()
              + " may use "
              + view
              + ", which is not held to the policies of the tables below it: make it a view WITH"
              + " (security_invoker = true)");
    }
  }

  private void group(SqlName group, int version) throws SQLException {
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
        GROUP.formatted(
            """
            (EXISTS (SELECT FROM pg_catalog.pg_class c
                      WHERE pg_has_role(g.oid, c.relowner, 'MEMBER'))
             OR EXISTS (SELECT FROM pg_catalog.pg_namespace n
                         WHERE pg_has_role(g.oid, n.nspowner, 'MEMBER'))
             OR EXISTS (SELECT FROM pg_catalog.pg_proc f
                         WHERE pg_has_role(g.oid, f.proowner, 'MEMBER')))\
            """),
        "group role "
            + name
            + " must not own tables, schemas or functions, nor be a member of a role that does",
        name);
    for (String maker : names(LATER_TABLES, name)) {
      problems.add(
          "default privileges give every table that "
              + maker
              + " makes later to group role "
              + name
              + " or to PUBLIC: take them back with ALTER DEFAULT PRIVILEGES");
    }
    for (String function : names(LOOSE_FUNCTIONS, name)) {
      warnings.add(
          "group role "
              + name
              + " may call "
              + function
              + ", which runs as its owner and has no fixed search_path: ALTER FUNCTION … SET"
              + " search_path = pg_catalog, pg_temp");
    }
    refuseIf(
        GROUP.formatted(
            """
            (EXISTS (SELECT FROM pg_catalog.pg_namespace n
                      WHERE has_schema_privilege(g.oid, n.oid, 'CREATE'))
             OR has_database_privilege(g.oid, current_database(), 'TEMPORARY'))\
            """),
        "group role " + name + " must not be able to create anything",
        name);
    if (allowances.contains(Allowance.SUPERUSER) || version < SAFE) {
      return; // both may hand on any group
    }
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

  private List<String> names(String sql, String... parameters) throws SQLException {
    var found = new ArrayList<String>();
    try (var statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setString(i + 1, parameters[i]);
      }
      try (var rows = statement.executeQuery()) {
        while (rows.next()) {
          found.add(rows.getString(1));
        }
      }
    }
    return found;
  }

  private int number(String sql) throws SQLException {
    try (var statement = connection.prepareStatement(sql);
        var rows = statement.executeQuery()) {
      rows.next();
      return rows.getInt(1);
    }
  }

  /// What was found.
  ///
  /// @param problems why nothing may be minted, one sentence each
  /// @param warnings what should be looked at, one sentence each
  record Findings(List<String> problems, List<String> warnings) {
    Findings {
      problems = List.copyOf(problems);
      warnings = List.copyOf(warnings);
    }
  }
}
