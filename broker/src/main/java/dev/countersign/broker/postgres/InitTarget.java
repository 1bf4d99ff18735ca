package dev.countersign.broker.postgres;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.broker.ScramVerifier;
import dev.countersign.broker.SqlName;
import dev.countersign.protocol.Secret;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Makes a business database ready for minted logins: the broker's CREATEROLE login, the group
/// roles, the schema `countersign`, and the doors that PostgreSQL leaves open to PUBLIC closed.
/// Running it again changes nothing but the broker's password.
///
/// Run it as a superuser, or as the database's owner with CREATEROLE. PUBLIC's large-object
/// functions can be closed by a superuser only.
public final class InitTarget {
  private static final String OWNER = "countersign_target_owner";

  private static final String ROLE_EXISTS =
      "SELECT rolcanlogin FROM pg_catalog.pg_roles WHERE rolname = ?";

  private static final String IS_SUPERUSER =
      "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user";

  /// Names: 1 role.
  private static final String CREATE_GROUP = "CREATE ROLE %s NOLOGIN";

  /// Names: 1 role, 2 verifier.
  private static final String CREATE_MINT =
      """
      CREATE ROLE %s LOGIN
        NOSUPERUSER NOCREATEDB CREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT
        PASSWORD '%s'
      """;

  /// Names: 1 role, 2 verifier.
  private static final String SET_PASSWORD = "ALTER ROLE %s LOGIN CREATEROLE PASSWORD '%s'";

  private InitTarget() {}

  /// Prepares a database in one transaction.
  ///
  /// @param owner a superuser or the owner of the database
  /// @throws IllegalStateException if a role that must not log in can
  /// @throws dev.countersign.box.DatabaseFault if the owner's rights do not suffice
  public static void run(DatabaseSettings owner, Plan plan) {
    transaction(
        owner,
        connection -> {
          makeGroup(connection, new SqlName(OWNER));
          if (!isSuperuser(connection)) {
            // Without it the schema and its functions could not be handed to their owner.
            execute(connection, "GRANT " + OWNER + " TO CURRENT_USER WITH INHERIT TRUE, SET TRUE");
          }
          makeMint(connection, plan);
          execute(connection, script("schema.sql").replace("${mint}", plan.mint().quoted()));
          for (SqlName group : plan.groups()) {
            makeGroup(connection, group);
            execute(
                connection,
                script("group.sql")
                    .replace("${mint}", plan.mint().quoted())
                    .replace("${group}", group.quoted()));
          }
          for (SqlName tableOwner : plan.tableOwners()) {
            makeGroup(connection, tableOwner);
            execute(connection, script("table_owner.sql").replace("${owner}", tableOwner.quoted()));
          }
        });
  }

  /// Runs scripts in one transaction each, such as the files that make the business schema.
  ///
  /// @param owner as whom
  /// @param scripts the text of each, in order
  public static void runScripts(DatabaseSettings owner, List<String> scripts) {
    for (String text : scripts) {
      transaction(owner, connection -> execute(connection, text));
    }
  }

  /// Takes from PUBLIC the right to connect to every other database of the server, so that a minted
  /// login has nowhere else to go. For a server that serves Countersign alone.
  ///
  /// @param superuser of the server
  public static void closeOtherDatabases(DatabaseSettings superuser) {
    transaction(
        superuser,
        connection -> {
          var others = new ArrayList<String>();
          try (var statement = connection.createStatement();
              var rows =
                  statement.executeQuery(
                      "SELECT quote_ident(datname) FROM pg_catalog.pg_database"
                          + " WHERE datname <> current_database()")) {
            while (rows.next()) {
              others.add(rows.getString(1));
            }
          }
          for (String other : others) {
            execute(connection, "REVOKE CONNECT, TEMPORARY ON DATABASE " + other + " FROM PUBLIC");
          }
        });
  }

  private static void makeMint(Connection connection, Plan plan) throws SQLException {
    String verifier = ScramVerifier.of(plan.mintPassword()).text();
    boolean exists = exists(connection, plan.mint());
    execute(
        connection,
        (exists ? SET_PASSWORD : CREATE_MINT).formatted(plan.mint().quoted(), verifier));
  }

  private static void makeGroup(Connection connection, SqlName group) throws SQLException {
    if (!exists(connection, group)) {
      execute(connection, CREATE_GROUP.formatted(group.quoted()));
    } else if (canLogin(connection, group)) {
      throw new IllegalStateException("role " + group.text() + " must be NOLOGIN");
    }
  }

  private static boolean exists(Connection connection, SqlName role) throws SQLException {
    try (var statement = connection.prepareStatement(ROLE_EXISTS)) {
      statement.setString(1, role.text());
      try (var rows = statement.executeQuery()) {
        return rows.next();
      }
    }
  }

  private static boolean canLogin(Connection connection, SqlName role) throws SQLException {
    try (var statement = connection.prepareStatement(ROLE_EXISTS)) {
      statement.setString(1, role.text());
      try (var rows = statement.executeQuery()) {
        return rows.next() && rows.getBoolean(1);
      }
    }
  }

  private static boolean isSuperuser(Connection connection) throws SQLException {
    try (var statement = connection.createStatement();
        var rows = statement.executeQuery(IS_SUPERUSER)) {
      return rows.next() && rows.getBoolean(1);
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void transaction(DatabaseSettings settings, Step step) {
    try (Connection connection =
        DriverManager.getConnection(
            settings.url(), settings.user(), settings.password().reveal())) {
      connection.setAutoCommit(false);
      step.run(connection);
      connection.commit();
    } catch (SQLException failed) {
      throw Database.unchecked(failed);
    }
  }

  private static String script(String file) {
    String path = "/dev/countersign/broker/target/" + file;
    try (InputStream stream = InitTarget.class.getResourceAsStream(path)) {
      if (stream == null) {
        throw new IllegalStateException("the program lacks its file " + file);
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  /// Who works with the database.
  ///
  /// @param mint the broker's login, `countersign_mint` by custom; made if it is not there
  /// @param mintPassword its password: ASCII letters, digits, `-` and `_`
  /// @param groups the NOLOGIN roles that mappings name; made if they are not there
  /// @param tableOwners the NOLOGIN roles that own business tables with policies; made likewise
  public record Plan(
      SqlName mint, Secret mintPassword, Set<SqlName> groups, Set<SqlName> tableOwners) {
    public Plan {
      groups = Set.copyOf(groups);
      tableOwners = Set.copyOf(tableOwners);
    }
  }

  @FunctionalInterface
  private interface Step {
    void run(Connection connection) throws SQLException;
  }
}
