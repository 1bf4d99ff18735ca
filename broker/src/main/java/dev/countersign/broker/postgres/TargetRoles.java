package dev.countersign.broker.postgres;

import static dev.countersign.broker.postgres.InitTarget.execute;

import dev.countersign.broker.ScramVerifier;
import dev.countersign.broker.SqlName;
import dev.countersign.protocol.Secret;
import java.sql.Connection;
import java.sql.SQLException;
import org.postgresql.util.PSQLException;

/// The roles that a business database needs, made by its owner.
///
/// Before version 16 PostgreSQL knows neither INHERIT nor SET options of a membership: there a
/// CREATEROLE login can make itself a member of anything, which is why the broker mints on 15 only
/// if it is allowed by name.
final class TargetRoles {
  private static final int MEMBERSHIP_OPTIONS = 16;

  private static final String ROLE_EXISTS =
      "SELECT rolcanlogin FROM pg_catalog.pg_roles WHERE rolname = ?";

  private static final String IS_SUPERUSER =
      "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = current_user AND rolsuper";

  /// Parameters: 1 role.
  private static final String IS_MEMBER =
      "SELECT 1 WHERE pg_catalog.pg_has_role(current_user, ?, 'USAGE')";

  /// Parameters: 1 member, 2 role.
  private static final String MAY_HAND_ON =
      """
      SELECT 1
        FROM pg_catalog.pg_auth_members m
        JOIN pg_catalog.pg_roles member ON member.oid = m.member
        JOIN pg_catalog.pg_roles role ON role.oid = m.roleid
       WHERE member.rolname = ? AND role.rolname = ? AND m.admin_option
      """;

  /// Names: 1 role.
  private static final String CREATE_GROUP = "CREATE ROLE %s NOLOGIN";

  /// Names: 1 role, 2 verifier, 3 whether it inherits.
  private static final String CREATE_MINT =
      """
      CREATE ROLE %1$s LOGIN
        NOSUPERUSER NOCREATEDB CREATEROLE NOREPLICATION NOBYPASSRLS %3$s
        PASSWORD '%2$s'
      """;

  /// Names: 1 role, 2 verifier, 3 whether it inherits.
  private static final String SET_PASSWORD =
      "ALTER ROLE %1$s LOGIN CREATEROLE %3$s PASSWORD '%2$s'";

  private static final String INSUFFICIENT_PRIVILEGE = "42501";

  private final Connection connection;
  private final boolean hasOptions;

  TargetRoles(Connection connection, int version) {
    this.connection = connection;
    this.hasOptions = version >= MEMBERSHIP_OPTIONS;
  }

  /// Whether PostgreSQL refused for lack of rights.
  static boolean isRefused(SQLException failed) {
    return INSUFFICIENT_PRIVILEGE.equals(failed.getSQLState());
  }

  /// PostgreSQL's own sentence, without detail: that may hold values.
  static String reason(SQLException failed) {
    if (failed instanceof PSQLException told && told.getServerErrorMessage() != null) {
      return String.valueOf(told.getServerErrorMessage().getMessage());
    }
    return "no reason given";
  }

  void makeGroup(SqlName group) throws SQLException {
    if (!exists(group)) {
      execute(connection, CREATE_GROUP.formatted(group.quoted()));
    } else if (finds(ROLE_EXISTS + " AND rolcanlogin", group.text())) {
      throw new IllegalStateException("role " + group.text() + " must be NOLOGIN");
    }
  }

  /// An owner of tables that is there may be a login: on managed services it often is.
  void makeTableOwner(SqlName owner) throws SQLException {
    if (!exists(owner)) {
      execute(connection, CREATE_GROUP.formatted(owner.quoted()));
    }
  }

  void makeMint(SqlName mint, Secret password) throws SQLException {
    String verifier = ScramVerifier.of(password).text();
    String sql = exists(mint) ? SET_PASSWORD : CREATE_MINT;
    // To end a login's connections one has to have its rights, which before version 16 comes with
    // this attribute only.
    execute(
        connection, sql.formatted(mint.quoted(), verifier, hasOptions ? "NOINHERIT" : "INHERIT"));
  }

  /// Lets the broker's login make others members of a group, and gives it nothing of the group's.
  void mayHandOn(SqlName mint, SqlName group) throws SQLException {
    if (!finds(MAY_HAND_ON, mint.text(), group.text())) {
      execute(
          connection,
          "GRANT %s TO %s WITH %s"
              .formatted(
                  group.quoted(),
                  mint.quoted(),
                  hasOptions ? "ADMIN TRUE, INHERIT FALSE, SET FALSE" : "ADMIN OPTION"));
    }
  }

  /// Makes whoever runs this a member of a role, so that it can act as it.
  ///
  /// @return false if it was one before
  boolean join(SqlName role) throws SQLException {
    if (finds(IS_MEMBER, role.text())) {
      return false;
    }
    execute(
        connection,
        "GRANT %s TO CURRENT_USER%s"
            .formatted(role.quoted(), hasOptions ? " WITH INHERIT TRUE, SET TRUE" : ""));
    return true;
  }

  /// Takes [#join] back.
  void leave(SqlName role) throws SQLException {
    execute(
        connection,
        "REVOKE %s FROM CURRENT_USER%s"
            .formatted(role.quoted(), hasOptions ? " GRANTED BY CURRENT_USER" : ""));
  }

  boolean isSuperuser() throws SQLException {
    return finds(IS_SUPERUSER);
  }

  private boolean exists(SqlName role) throws SQLException {
    return finds(ROLE_EXISTS, role.text());
  }

  private boolean finds(String sql, String... parameters) throws SQLException {
    try (var statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setString(i + 1, parameters[i]);
      }
      try (var rows = statement.executeQuery()) {
        return rows.next();
      }
    }
  }
}
