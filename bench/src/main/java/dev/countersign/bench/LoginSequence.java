package dev.countersign.bench;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.broker.BrokerConfig;
import dev.countersign.broker.Engine;
import dev.countersign.broker.Grant;
import dev.countersign.broker.Lease;
import dev.countersign.broker.LeaseId;
import dev.countersign.broker.LoginLimits;
import dev.countersign.broker.OnBehalfOfToken;
import dev.countersign.broker.Presenter;
import dev.countersign.broker.RoleMapping;
import dev.countersign.broker.TokenId;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.TypeVersions;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// One way to make a login and to end it again, on the target database alone: no journal and no
/// ledger, which Vault's figure does not have either.
interface LoginSequence extends AutoCloseable {
  Login mint() throws SQLException;

  /// The database that the logins are for.
  DatabaseSettings owner();

  void revoke(Login login) throws SQLException;

  @Override
  void close() throws SQLException;

  /// A login that exists.
  record Login(String user, Secret password, Runnable end) {}

  /// Ours, as the broker does it.
  static LoginSequence ours(Engine engine, DatabaseSettings owner) {
    var mapping = RoleMapping.of("urn:bench|read", List.of(LastMileDatabase.GROUP));
    var role =
        new BrokerConfig.Role(
            "bench", "bench", "bench", Set.of("bench"), Duration.ofMinutes(5), List.of(mapping));
    var details =
        AuthorizationDetails.parse(
            "[{\"type\":\"urn:bench\",\"operationDetails\":{\"action\":\"read\",\"caseId\":\"R-7\"}}]");
    ObjectNode request = details.elements().getFirst().json();
    var grant = new Grant(mapping.groups(), List.of(request), LoginLimits.USUAL);
    InstantSource clock = InstantSource.system();
    return new LoginSequence() {
      @Override
      public Login mint() {
        var now = clock.instant();
        var token =
            new OnBehalfOfToken(
                new TokenId("bench", Ids.random()),
                "bench|person",
                "bench",
                "bench",
                now,
                now.plusSeconds(60),
                details,
                TypeVersions.FIRST_OF_ALL,
                OnBehalfOfToken.Binding.NONE);
        Lease lease =
            Lease.prepare(
                role, LeaseId.MOUNT, token, Presenter.named("bench"), role.timeToLive(), now);
        Secret password = engine.mint(lease, grant);
        return new Login(lease.user().text(), password, () -> engine.revoke(lease.user()));
      }

      @Override
      public DatabaseSettings owner() {
        return owner;
      }

      @Override
      public void revoke(Login login) {
        login.end().run();
      }

      @Override
      public void close() {}
    };
  }

  /// Vault's: the statements of its documentation, the revocation that its PostgreSQL plugin does
  /// where a role has none of its own. The plugin sends each statement by itself.
  static LoginSequence vault(DatabaseSettings owner) throws SQLException {
    return new Foreign(owner) {
      @Override
      public void revoke(Login login) throws SQLException {
        String user = '"' + login.user() + '"';
        ask("SELECT exists (SELECT rolname FROM pg_roles WHERE rolname=?)", login.user());
        List<String> schemas =
            ask(
                "SELECT DISTINCT table_schema FROM information_schema.role_column_grants"
                    + " WHERE grantee=?",
                login.user());
        for (String schema : schemas) {
          run("REVOKE ALL PRIVILEGES ON ALL TABLES IN SCHEMA \"" + schema + "\" FROM " + user);
          run("REVOKE USAGE ON SCHEMA \"" + schema + "\" FROM " + user);
        }
        run("REVOKE ALL PRIVILEGES ON ALL TABLES IN SCHEMA public FROM " + user);
        run("REVOKE ALL PRIVILEGES ON ALL SEQUENCES IN SCHEMA public FROM " + user);
        run("REVOKE USAGE ON SCHEMA public FROM " + user);
        String database = ask("SELECT current_database()").getFirst();
        run("REVOKE CONNECT ON DATABASE \"" + database + "\" FROM " + user);
        run("DROP ROLE IF EXISTS " + user);
      }
    };
  }

  /// The revocation that is often recommended in its place, since it also ends what the login owns.
  /// The plugin runs a role's own statements in one transaction.
  static LoginSequence reassign(DatabaseSettings owner) throws SQLException {
    return new Foreign(owner) {
      @Override
      public void revoke(Login login) throws SQLException {
        String user = '"' + login.user() + '"';
        connection.setAutoCommit(false);
        run("REASSIGN OWNED BY " + user + " TO CURRENT_USER");
        run("DROP OWNED BY " + user);
        run("DROP ROLE IF EXISTS " + user);
        connection.commit();
        connection.setAutoCommit(true);
      }
    };
  }

  /// A sequence with Vault's creation statements.
  abstract class Foreign implements LoginSequence {
    private final DatabaseSettings owner;
    final Connection connection;

    Foreign(DatabaseSettings owner) throws SQLException {
      this.owner = owner;
      connection = Database.connect(owner);
    }

    @Override
    public DatabaseSettings owner() {
      return owner;
    }

    @Override
    public Login mint() throws SQLException {
      String user = "v-bench-read-" + Ids.base62(20).toLowerCase(Locale.ROOT);
      var password = new Secret(Ids.base62(20));
      String until = InstantSource.system().instant().plus(1, ChronoUnit.HOURS).toString();
      connection.setAutoCommit(false);
      run(
          "CREATE ROLE \"%s\" WITH LOGIN PASSWORD '%s' VALID UNTIL '%s'"
              .formatted(user, password.reveal(), until));
      run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO \"" + user + "\"");
      connection.commit();
      connection.setAutoCommit(true);
      return new Login(user, password, () -> {});
    }

    void run(String sql) throws SQLException {
      try (var statement = connection.createStatement()) {
        statement.execute(sql);
      }
    }

    List<String> ask(String sql, String... parameters) throws SQLException {
      try (var statement = connection.prepareStatement(sql)) {
        for (int i = 0; i < parameters.length; i++) {
          statement.setString(i + 1, parameters[i]);
        }
        var found = new ArrayList<String>();
        try (var rows = statement.executeQuery()) {
          while (rows.next()) {
            found.add(rows.getString(1));
          }
        }
        return found;
      }
    }

    @Override
    public void close() throws SQLException {
      connection.close();
    }
  }
}
