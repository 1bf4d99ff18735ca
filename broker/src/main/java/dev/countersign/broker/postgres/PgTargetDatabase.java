package dev.countersign.broker.postgres;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseFault;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.broker.BrokerConfig;
import dev.countersign.broker.Engine;
import dev.countersign.broker.FaultPoint;
import dev.countersign.broker.Grant;
import dev.countersign.broker.Lease;
import dev.countersign.broker.LoginLimits;
import dev.countersign.broker.ScramVerifier;
import dev.countersign.broker.SqlName;
import dev.countersign.broker.UnsafeTargetException;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ArrayNode;

/// Logins in one PostgreSQL, made and ended by a CREATEROLE login that is no superuser.
///
/// A login gets its rights by membership in NOLOGIN group roles only: rights granted to each role
/// would rot the catalog and make parallel mints fail.
public final class PgTargetDatabase implements Engine, AutoCloseable {
  private static final int ATTEMPTS = 5;
  private static final int MEMBERSHIP_OPTIONS = 16;
  private static final int PASSWORD_BYTES = 32;

  /// One round trip, one transaction. Its commit need not wait for the disk: a login that a crash
  /// of the server loses is one that nobody can log in with.
  ///
  /// The settings are a convenience that the login may change; what binds it is VALID UNTIL, the
  /// approved request's time, and the broker that ends its connections.
  ///
  /// Names: 1 user, 2 verifier, 3 valid until, 4 groups, 5 connections, 6 to 8 time-outs in
  /// milliseconds, 9 application name, 10 options of a membership, 11 nothing, or a statement.
  /// Parameters: 1 user, 2 jti, 3 request, 4 expires.
  private static final String CREATE =
      """
      SELECT pg_catalog.set_config('synchronous_commit', 'off', true);
      CREATE ROLE %1$s LOGIN
        NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT
        PASSWORD '%2$s'
        VALID UNTIL '%3$s'
        CONNECTION LIMIT %5$d;
      GRANT %4$s TO %1$s%10$s;%11$s
      ALTER ROLE %1$s SET search_path = pg_catalog, pg_temp;
      ALTER ROLE %1$s SET application_name = '%9$s';
      ALTER ROLE %1$s SET statement_timeout = %6$d;
      ALTER ROLE %1$s SET lock_timeout = %7$d;
      ALTER ROLE %1$s SET idle_in_transaction_session_timeout = %8$d;
      INSERT INTO countersign.approved_request (role_name, jti, request, expires_at)
      VALUES (?, ?, ?::jsonb, ?)
      """;

  /// Names: 1 user, 2 verifier.
  private static final String CHANGE_PASSWORD = "ALTER ROLE %1$s PASSWORD '%2$s'";

  /// Names: 1 user, 2 valid until. Parameters: 1 expires, 2 user.
  private static final String EXTEND =
      """
      ALTER ROLE %1$s VALID UNTIL '%2$s';
      UPDATE countersign.approved_request SET expires_at = ? WHERE role_name = ?
      """;

  /// The right to end a role's connections and to drop what it owns comes with membership only.
  /// Never waits for the role itself. Names: 1 user, 2 options of a membership.
  private static final String TAKE_OVER =
      """
      SELECT pg_catalog.set_config('synchronous_commit', 'off', true);
      GRANT %1$s TO CURRENT_USER%2$s
      """;

  /// Waits if the role holds a lock on its own row, which an open transaction with ALTER ROLE does.
  /// Names: 1 user.
  private static final String SHUT_OUT =
      """
      SELECT pg_catalog.set_config('synchronous_commit', 'off', true),
             pg_catalog.set_config('lock_timeout', '500', true);
      ALTER ROLE %1$s NOLOGIN CONNECTION LIMIT 0
      """;

  /// All of a revocation in one round trip, where nobody is in the way. If anything fails, nothing
  /// after it happens and each step is done by itself. Parameters: 1 user.
  private static final String REVOKE = "CALL countersign.end_login(?)";

  /// Ends connections and waits for their end; says which stayed. The connections are picked before
  /// anything is ended: conditions side by side may be evaluated in any order, on any row.
  /// Parameters: 1 user.
  private static final String TERMINATE =
      """
      WITH open AS MATERIALIZED (
           SELECT a.pid FROM pg_catalog.pg_stat_activity a WHERE a.usename = ?),
           tried AS MATERIALIZED (
           SELECT pid, pg_catalog.pg_terminate_backend(pid, 3000) AS ended FROM open)
      SELECT pid FROM tried WHERE NOT ended
      """;

  /// Parameters: 1 user.
  private static final String CLOSE_REQUEST =
      "DELETE FROM countersign.approved_request WHERE role_name = ?";

  /// Names: 1 user. Parameters: 1 user.
  private static final String DROP =
      """
      SELECT pg_catalog.set_config('lock_timeout', '3000', true);
      DELETE FROM countersign.approved_request WHERE role_name = ?;
      DROP ROLE %1$s
      """;

  /// Names: 1 user.
  private static final String DROP_OWNED = "DROP OWNED BY %1$s CASCADE";

  /// Parameters: 1 user.
  private static final String OTHER_DATABASES =
      """
      SELECT d.datname
        FROM pg_catalog.pg_database d
       WHERE d.datallowconn
         AND d.datname <> current_database()
         AND has_database_privilege(d.oid, 'CONNECT')
      """;

  /// The roles that this login made: it has ADMIN OPTION on them by making them. Another broker on
  /// the same server has another login. Parameters: 1 pattern of minted names.
  private static final String LOGINS =
      """
      SELECT DISTINCT r.rolname, coalesce(a.jti, '') AS jti
        FROM pg_catalog.pg_roles r
        JOIN pg_catalog.pg_auth_members m ON m.roleid = r.oid AND m.admin_option
        JOIN pg_catalog.pg_roles me ON me.oid = m.member AND me.rolname = current_user
        LEFT JOIN countersign.approved_request a ON a.role_name = r.rolname
       WHERE r.rolname ~ ?
      """;

  private static final String DEAD_TUPLES =
      """
      SELECT coalesce(sum(n_dead_tup), 0)
        FROM pg_catalog.pg_stat_sys_tables
       WHERE relname IN ('pg_authid', 'pg_auth_members', 'pg_db_role_setting', 'pg_shdepend')
      """;

  private static final String IS_SUPERUSER =
      "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user";

  private static final String UNDEFINED_OBJECT = "42704";
  private static final String LOCK_NOT_AVAILABLE = "55P03";
  private static final String TUPLE_CONCURRENTLY_UPDATED = "XX000";
  private static final String DEPENDENT_OBJECTS = "2BP01";

  private static final Logger LOG = LoggerFactory.getLogger(PgTargetDatabase.class);
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_-]{1,63}");

  private final String name;
  private final DatabaseSettings settings;
  private final int iterations;
  private final Set<BrokerConfig.Allowance> allowances;
  private final Database database;
  private final FaultPoint.Hook faults;
  private volatile @Nullable Dialect dialect;
  private final Set<SqlName> safeGroups = new HashSet<>();

  /// @param target the database, and the CREATEROLE login there
  public PgTargetDatabase(BrokerConfig.Target target, int maxConnections, FaultPoint.Hook faults) {
    this.name = target.name();
    this.settings = target.mint();
    this.iterations = target.passwordIterations();
    this.allowances = target.allowances();
    this.faults = faults;
    this.database = Database.open("broker-" + name, settings, maxConnections);
  }

  /// Whether the database answers.
  public boolean isUp() {
    return database.isUp();
  }

  /// How many dead rows the catalog of roles holds: they slow every mint and every connection down
  /// until they are vacuumed. Not a number while the database is away.
  public double deadCatalogTuples() {
    try {
      return database.query(connection -> {
        try (var statement = connection.prepareStatement(DEAD_TUPLES);
            var rows = statement.executeQuery()) {
          rows.next();
          return rows.getDouble(1);
        }
      });
    } catch (UnavailableException away) {
      return Double.NaN;
    }
  }

  private Dialect dialect() {
    Dialect known = dialect;
    if (known == null) {
      known =
          database.query(connection ->
              new Dialect(
                  connection.getMetaData().getDatabaseMajorVersion() >= MEMBERSHIP_OPTIONS,
                  isSuperuser(connection)));
      dialect = known;
    }
    return known;
  }

  private static boolean isSuperuser(Connection connection) throws SQLException {
    try (var statement = connection.prepareStatement(IS_SUPERUSER);
        var rows = statement.executeQuery()) {
      return rows.next() && rows.getBoolean(1);
    }
  }

  /// What differs between servers and between logins.
  ///
  /// @param hasOptions whether a membership has options, as from version 16 on
  /// @param isSuperuser whether the broker's login is one
  private record Dialect(boolean hasOptions, boolean isSuperuser) {
    String membership() {
      return hasOptions ? " WITH INHERIT TRUE, SET FALSE" : "";
    }

    /// Whoever makes a role is its administrator from version 16 on, but for a superuser. By this
    /// right we know which logins are ours.
    String administration(SqlName user) {
      return hasOptions && !isSuperuser
          ? ""
          : "\nGRANT " + user.quoted() + " TO CURRENT_USER WITH ADMIN OPTION;";
    }
  }

  @Override
  public void ensureSafe(Set<SqlName> groups) {
    synchronized (safeGroups) {
      if (!groups.isEmpty() && safeGroups.containsAll(groups)) {
        return;
      }
    }
    TargetChecks.Findings found =
        database.query(connection -> TargetChecks.look(connection, groups, allowances));
    if (!found.problems().isEmpty()) {
      throw new UnsafeTargetException(name, found.problems());
    }
    found.warnings().forEach(warning -> LOG.warn("database {}: {}", name, warning));
    synchronized (safeGroups) {
      safeGroups.addAll(groups);
    }
  }

  @Override
  public Secret mint(Lease lease, Grant grant) {
    Secret password = freshPassword();
    LoginLimits limits = grant.limits();
    String sql =
        CREATE.formatted(
            lease.user().quoted(),
            ScramVerifier.of(password, iterations).text(),
            lease.expiresAt(),
            grant.groups().stream().map(SqlName::quoted).collect(Collectors.joining(", ")),
            limits.connections(),
            limits.statement().toMillis(),
            limits.lock().toMillis(),
            limits.idle().toMillis(),
            applicationName(lease),
            dialect().membership(),
            dialect().administration(lease.user()));
    database.query(connection -> {
      try (var statement = connection.prepareStatement(sql)) {
        statement.setString(1, lease.user().text());
        statement.setString(2, lease.token().jti());
        statement.setString(3, request(grant));
        statement.setObject(4, lease.expiresAt().atOffset(ZoneOffset.UTC));
        return statement.execute();
      }
    });
    return password;
  }

  // The jti, so that a line of PostgreSQL's log leads to the decision; the login's own name where
  // the
  // jti is not plain, or would be cut off.
  private static String applicationName(Lease lease) {
    String jti = lease.token().jti();
    return PLAIN.matcher(jti).matches() ? jti : lease.user().text();
  }

  private static String request(Grant grant) {
    if (grant.requests().size() == 1) {
      return StrictJson.canonical(grant.requests().getFirst());
    }
    ArrayNode several = StrictJson.array();
    grant.requests().forEach(several::add);
    return StrictJson.canonical(several);
  }

  private static Secret freshPassword() {
    return new Secret(
        Base64.getUrlEncoder().withoutPadding().encodeToString(Ids.bytes(PASSWORD_BYTES)));
  }

  @Override
  public Optional<Secret> changePassword(SqlName user) {
    Secret password = freshPassword();
    String verifier = ScramVerifier.of(password, iterations).text();
    return isChanged(() -> run(CHANGE_PASSWORD.formatted(user.quoted(), verifier)))
        ? Optional.of(password)
        : Optional.empty();
  }

  @Override
  public boolean extend(Lease lease) {
    String sql = EXTEND.formatted(lease.user().quoted(), lease.expiresAt());
    return isChanged(() ->
        database.query(connection -> {
          try (var statement = connection.prepareStatement(sql)) {
            statement.setObject(1, lease.expiresAt().atOffset(ZoneOffset.UTC));
            statement.setString(2, lease.user().text());
            return statement.execute();
          }
        }));
  }

  private static boolean isChanged(Runnable change) {
    try {
      return existed(change);
    } catch (DatabaseFault fault) {
      if (isContended(fault)) {
        throw new UnavailableException("the login is being changed by another request", fault);
      }
      throw fault;
    }
  }

  @Override
  public void revoke(SqlName user) {
    try {
      if (!existed(() -> run(REVOKE, user.text()))) {
        run(CLOSE_REQUEST, user.text());
      }
    } catch (DatabaseFault inTheWay) {
      revokeInSteps(user);
    }
  }

  private void revokeInSteps(SqlName user) {
    if (!existed(() -> run(TAKE_OVER.formatted(user.quoted(), dialect().membership())))) {
      run(CLOSE_REQUEST, user.text());
      return;
    }
    shutOut(user);
    faults.reached(FaultPoint.END_SHUT_OUT);
    terminate(user);
    // Gone by now only if another replica was quicker, which did the same.
    if (!existed(() -> dropRole(user))) {
      run(CLOSE_REQUEST, user.text());
    }
  }

  private void shutOut(SqlName user) {
    for (int attempt = 1; ; attempt++) {
      try {
        run(SHUT_OUT.formatted(user.quoted()));
        return;
      } catch (DatabaseFault fault) {
        if (!isContended(fault) || attempt == ATTEMPTS) {
          throw fault;
        }
        terminate(user);
      }
    }
  }

  // Somebody else changes the same catalog row: the login itself, or a second request.
  private static boolean isContended(DatabaseFault fault) {
    return fault.sqlState().equals(LOCK_NOT_AVAILABLE)
        || fault.sqlState().equals(TUPLE_CONCURRENTLY_UPDATED);
  }

  private void terminate(SqlName user) {
    boolean stayed =
        database.query(connection -> {
          try (var statement = connection.prepareStatement(TERMINATE)) {
            statement.setString(1, user.text());
            try (var rows = statement.executeQuery()) {
              return rows.next();
            }
          }
        });
    if (stayed) {
      throw new UnavailableException("a connection of the login did not end in time", null);
    }
  }

  private void dropRole(SqlName user) {
    String drop = DROP.formatted(user.quoted());
    try {
      run(drop, user.text());
      return;
    } catch (DatabaseFault owns) {
      requireDependent(owns);
    }
    run(DROP_OWNED.formatted(user.quoted()));
    try {
      run(drop, user.text());
      return;
    } catch (DatabaseFault owns) {
      requireDependent(owns);
    }
    for (String other : otherDatabases()) {
      dropOwnedIn(other, user);
    }
    run(drop, user.text());
  }

  private static void requireDependent(DatabaseFault fault) {
    if (!fault.sqlState().equals(DEPENDENT_OBJECTS)) {
      throw fault;
    }
  }

  private List<String> otherDatabases() {
    return database.query(connection -> {
      var names = new ArrayList<String>();
      try (var statement = connection.prepareStatement(OTHER_DATABASES);
          var rows = statement.executeQuery()) {
        while (rows.next()) {
          names.add(rows.getString(1));
        }
      }
      return names;
    });
  }

  private void dropOwnedIn(String other, SqlName user) {
    DatabaseSettings there = settings.database(other);
    try (Connection connection =
            DriverManager.getConnection(there.url(), there.user(), there.password().reveal());
        var statement = connection.createStatement()) {
      statement.execute(DROP_OWNED.formatted(user.quoted()));
    } catch (SQLException failed) {
      throw Database.unchecked(failed);
    }
  }

  @Override
  public List<LoginRole> list() {
    return database.query(connection -> {
      var logins = new ArrayList<LoginRole>();
      try (var statement = connection.prepareStatement(LOGINS)) {
        statement.setString(1, SqlName.MINTED);
        try (var rows = statement.executeQuery()) {
          while (rows.next()) {
            logins.add(
                new LoginRole(new SqlName(rows.getString("rolname")), rows.getString("jti")));
          }
        }
      }
      return List.copyOf(logins);
    });
  }

  @Override
  public void close() {
    database.close();
  }

  private void run(String sql, String... parameters) {
    database.query(connection -> {
      try (var statement = connection.prepareStatement(sql)) {
        for (int i = 0; i < parameters.length; i++) {
          statement.setString(i + 1, parameters[i]);
        }
        return statement.execute();
      }
    });
  }

  private static boolean existed(Runnable work) {
    try {
      work.run();
      return true;
    } catch (DatabaseFault fault) {
      if (fault.sqlState().equals(UNDEFINED_OBJECT)) {
        return false;
      }
      throw fault;
    }
  }
}
