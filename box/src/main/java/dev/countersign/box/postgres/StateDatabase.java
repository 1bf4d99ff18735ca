package dev.countersign.box.postgres;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.Migrations;
import dev.countersign.box.PrivateFiles;
import dev.countersign.protocol.Secret;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// The database `countersign` with a user for each box, which has no right but those that the box's
/// own migrations give it.
///
/// `countersign_owner` owns the database and all schemas and runs the migrations;
/// `countersign_<box>` is what a box connects as; `countersign_auditor` reads what migrations let
/// it read.
public final class StateDatabase {
  /// The name of the database.
  public static final String NAME = "countersign";

  private static final String PREFIX = "countersign_";
  private static final String OWNER = PREFIX + "owner";
  private static final String AUDITOR = Migrations.AUDITOR;
  private static final String RIGHTS =
      " LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION";
  private static final String LOCK = "SELECT pg_advisory_lock(4861057)";
  private static final Pattern BOX = Pattern.compile("[a-z][a-z0-9_]{0,39}");

  private final Map<String, DatabaseSettings> users;

  private StateDatabase(Map<String, DatabaseSettings> users) {
    this.users = Map.copyOf(users);
  }

  /// Makes what is missing of the database and its users; changes nothing else. Quick when there is
  /// nothing to do.
  ///
  /// @param admin a superuser, or a role that may create databases and roles
  /// @param secrets the folder of the users' passwords, one file for each; a user whose file is new
  ///   gets a new password
  /// @param boxes such as `sts`; each gets the user `countersign_sts`
  /// @throws dev.countersign.box.DatabaseAway if the server is away
  public static StateDatabase provision(DatabaseSettings admin, Path secrets, List<String> boxes) {
    var names = new ArrayList<>(List.of(OWNER, AUDITOR));
    for (String box : boxes) {
      names.add(user(box));
    }
    var users = new LinkedHashMap<String, DatabaseSettings>();
    var renewed = new HashSet<String>();
    for (String name : names) {
      String password =
          PrivateFiles.loadOrCreate(
              secrets.resolve(name + ".password"),
              () -> {
                renewed.add(name);
                return ScramVerifier.newPassword().reveal();
              });
      users.put(name, admin.database(NAME).as(name, new Secret(password)));
    }
    try (Connection connection = Database.connect(admin)) {
      if (!renewed.isEmpty() || !existing(connection).containsAll(expected(users))) {
        execute(connection, LOCK);
        make(connection, users, renewed);
        restrict(admin.database(NAME).as(OWNER, password(users, OWNER)), users.keySet());
      }
    } catch (SQLException failed) {
      throw Database.unchecked(failed);
    }
    return new StateDatabase(users);
  }

  private static void make(
      Connection connection, Map<String, DatabaseSettings> users, Set<String> renewed)
      throws SQLException {
    Set<String> found = existing(connection);
    for (var user : users.entrySet()) {
      String name = user.getKey();
      String password = " PASSWORD '" + ScramVerifier.of(user.getValue().password()) + "'";
      if (!found.contains(name)) {
        execute(connection, "CREATE ROLE " + name + RIGHTS + password);
      } else if (renewed.contains(name)) {
        execute(connection, "ALTER ROLE " + name + password);
      }
    }
    if (!found.contains("database:" + NAME)) {
      makeDatabase(connection);
    }
    for (String name : users.keySet()) {
      if (isBox(name)) {
        String schema = name.substring(PREFIX.length());
        execute(
            connection,
            "ALTER ROLE " + name + " IN DATABASE " + NAME + " SET search_path = " + schema);
      }
    }
  }

  // Only a member of the owner may make a database for it; a superuser is one without saying so.
  private static void makeDatabase(Connection connection) throws SQLException {
    boolean superuser =
        ask(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user");
    if (!superuser) {
      execute(connection, "GRANT " + OWNER + " TO CURRENT_USER");
    }
    execute(
        connection,
        "CREATE DATABASE " + NAME + " OWNER " + OWNER + " TEMPLATE template0 ENCODING 'UTF8'");
    if (!superuser) {
      execute(connection, "REVOKE " + OWNER + " FROM CURRENT_USER");
    }
  }

  // What PostgreSQL gives to everyone by default is taken back.
  private static void restrict(DatabaseSettings owner, Set<String> users) throws SQLException {
    try (Connection connection = Database.connect(owner)) {
      execute(connection, "REVOKE ALL ON DATABASE " + NAME + " FROM PUBLIC");
      execute(connection, "REVOKE ALL ON SCHEMA public FROM PUBLIC");
      execute(
          connection,
          "GRANT CONNECT ON DATABASE " + NAME + " TO " + String.join(", ", new TreeSet<>(users)));
    }
  }

  /// Whether a login of this name is one that is made here, with a password of its own.
  public static boolean isOurs(String user) {
    return user.startsWith(PREFIX);
  }

  private static boolean isBox(String user) {
    return !user.equals(OWNER) && !user.equals(AUDITOR);
  }

  private static Secret password(Map<String, DatabaseSettings> users, String user) {
    return new StateDatabase(users).settings(user).password();
  }

  private static Set<String> expected(Map<String, DatabaseSettings> users) {
    var expected = new HashSet<>(users.keySet());
    expected.add("database:" + NAME);
    return expected;
  }

  private static Set<String> existing(Connection connection) throws SQLException {
    var found = new HashSet<String>();
    try (var statement = connection.createStatement();
        var rows =
            statement.executeQuery(
                "SELECT rolname FROM pg_roles WHERE rolname LIKE 'countersign\\_%' UNION ALL"
                    + " SELECT 'database:' || datname FROM pg_database")) {
      while (rows.next()) {
        found.add(rows.getString(1));
      }
    }
    return found;
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static boolean ask(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      return rows.next() && rows.getBoolean(1);
    }
  }

  /// The user name of a box.
  ///
  /// @throws IllegalArgumentException if that is not a box's name
  public static String user(String box) {
    if (!BOX.matcher(box).matches()) {
      throw new IllegalArgumentException("a box's name has lower-case letters, digits and _ only");
    }
    return PREFIX + box;
  }

  /// What the box connects as.
  ///
  /// @throws IllegalArgumentException for a box that was not provisioned
  public DatabaseSettings box(String box) {
    return settings(user(box));
  }

  /// The owner of the schemas, who runs the migrations.
  public DatabaseSettings owner() {
    return settings(OWNER);
  }

  /// The user who may only read.
  public DatabaseSettings auditor() {
    return settings(AUDITOR);
  }

  private DatabaseSettings settings(String user) {
    DatabaseSettings settings = users.get(user);
    if (settings == null) {
      throw new IllegalArgumentException("there is no database user of that name");
    }
    return settings;
  }
}
