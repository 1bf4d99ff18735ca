package dev.countersign.broker.postgres;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.broker.SqlName;
import dev.countersign.protocol.Secret;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Makes a business database ready for minted logins: the broker's CREATEROLE login, the group
/// roles, the schema `countersign`, and the doors that PostgreSQL leaves open to PUBLIC closed.
/// Running it again changes nothing but the broker's password.
///
/// Run it as the database's owner with CREATEROLE, as managed services give, or as a superuser.
/// Only PUBLIC's large-object functions need a superuser to be closed; [#run] tells if they stay
/// open.
public final class InitTarget {
  private static final SqlName OWNER = new SqlName("countersign_target_owner");
  private static final int OLDEST = 15;

  /// Parameters: 1 the schema's owner.
  private static final String FOREIGN_SCHEMA =
      """
      SELECT 1
        FROM pg_catalog.pg_namespace n
        JOIN pg_catalog.pg_roles o ON o.oid = n.nspowner
       WHERE n.nspname = 'countersign' AND o.rolname <> ?
      """;

  private static final String CREATE_SCHEMA =
      "CREATE SCHEMA IF NOT EXISTS countersign AUTHORIZATION " + OWNER.quoted();

  private static final String BECOME_OWNER = "SET LOCAL ROLE " + OWNER.quoted();

  private InitTarget() {}

  /// Prepares a database in one transaction.
  ///
  /// @param owner the owner of the database with CREATEROLE, or a superuser
  /// @return what stays open because only a superuser may close it, one sentence each
  /// @throws IllegalStateException if a role that must not log in can, if the schema belongs to
  ///   somebody else, or if the owner's rights do not suffice
  public static List<String> run(DatabaseSettings owner, Plan plan) {
    var remarks = new ArrayList<String>();
    transaction(
        owner,
        connection -> {
          remarks.clear();
          int version = connection.getMetaData().getDatabaseMajorVersion();
          if (version < OLDEST) {
            throw new IllegalStateException("PostgreSQL " + OLDEST + " or newer is needed");
          }
          var roles = new TargetRoles(connection, version);
          makeRoles(roles, plan);
          boolean became = roles.join(OWNER);
          makeSchema(connection, plan);
          if (became) {
            roles.leave(OWNER);
          }
          close(connection, roles, plan);
          remarks.addAll(TargetDoors.open(connection));
        });
    return List.copyOf(remarks);
  }

  private static void makeRoles(TargetRoles roles, Plan plan) throws SQLException {
    roles.makeGroup(OWNER);
    roles.makeMint(plan.mint(), plan.mintPassword());
    for (SqlName group : plan.groups()) {
      roles.makeGroup(group);
      roles.mayHandOn(plan.mint(), group);
    }
    for (SqlName tableOwner : plan.tableOwners()) {
      roles.makeTableOwner(tableOwner);
    }
  }

  // As the schema's owner, so that nothing in it ever belonged to anybody else.
  private static void makeSchema(Connection connection, Plan plan) throws SQLException {
    try (var statement = connection.prepareStatement(FOREIGN_SCHEMA)) {
      statement.setString(1, OWNER.text());
      try (var rows = statement.executeQuery()) {
        if (rows.next()) {
          throw new IllegalStateException(
              "the schema countersign exists and does not belong to "
                  + OWNER.text()
                  + ": look at what is in it, then drop it");
        }
      }
    }
    execute(connection, CREATE_SCHEMA);
    execute(connection, BECOME_OWNER);
    execute(connection, script("schema.sql").replace("${mint}", plan.mint().quoted()));
    for (SqlName group : plan.groups()) {
      execute(connection, script("group.sql").replace("${group}", group.quoted()));
    }
    for (SqlName tableOwner : plan.tableOwners()) {
      execute(connection, script("table_owner.sql").replace("${owner}", tableOwner.quoted()));
    }
    execute(connection, "RESET ROLE");
  }

  private static void close(Connection connection, TargetRoles roles, Plan plan)
      throws SQLException {
    execute(connection, script("close.sql"));
    if (roles.isSuperuser()) {
      execute(connection, script("large_objects.sql"));
    }
    var connecting = new ArrayList<>(plan.groups());
    connecting.add(plan.mint());
    for (SqlName role : connecting) {
      execute(connection, script("connect.sql").replace("${role}", role.quoted()));
    }
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

  static void execute(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void transaction(DatabaseSettings settings, Step step) {
    try (Connection connection = Database.connect(settings)) {
      connection.setAutoCommit(false);
      step.run(connection);
      connection.commit();
    } catch (SQLException failed) {
      if (TargetRoles.isRefused(failed)) {
        throw new IllegalStateException(
            "PostgreSQL refuses this to "
                + settings.user()
                + ": "
                + TargetRoles.reason(failed)
                + "; use the database's owner with CREATEROLE (and ADMIN OPTION on roles that others"
                + " made), or a superuser",
            failed);
      }
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
  /// @param tableOwners the roles that own business tables with policies; made NOLOGIN if they are
  ///   not there
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
