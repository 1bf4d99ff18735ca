package dev.countersign.server.prove;

import dev.countersign.protocol.Secret;
import dev.countersign.protocol.http.WireClient;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.locks.LockSupport;

/// What a stolen database login cannot do, and how long it lives.
final class LoginAttacks {
  private static final int SECONDS = 10;
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofMillis(200);

  private final Tenant tenant;

  LoginAttacks(Tenant tenant) {
    this.tenant = tenant;
  }

  Property exactness() {
    return new Property(
        "login-does-one-thing",
        "A stolen database login can do the approved request, once, and nothing else.",
        "somebody who took a minted login",
        this::exact);
  }

  private void exact(Scene scene) {
    Writes asked = Writes.small();
    Login login = login(tenant.obo(asked));
    try (Connection thief = open(login)) {
      sql(
          scene,
          thief,
          "H11",
          "another amount than the approved one",
          insert(asked.thing(), asked.amount() + 1));
      sql(
          scene,
          thief,
          "H11",
          "another thing than the approved one",
          insert(Writes.small().thing(), asked.amount()));
      sql(
          scene,
          thief,
          "H11",
          "reading a table that nobody was granted",
          "SELECT content FROM prove.treasure");
      sql(scene, thief, "H11", "reading passwords", "SELECT rolpassword FROM pg_catalog.pg_authid");
      sql(scene, thief, "H11", "making a table", "CREATE TABLE prove.loot (x int)");
      sql(scene, thief, "H11", "making a temporary table", "CREATE TEMP TABLE loot (x int)");
      sql(scene, thief, "H11", "making a login", "CREATE ROLE loot LOGIN");
      sql(scene, thief, "H11", "becoming the tables' owner", "SET ROLE prove_owner");
      sql(
          scene,
          thief,
          "H11",
          "becoming another session's user",
          "SET SESSION AUTHORIZATION prove_owner");
      sql(
          scene,
          thief,
          "H11",
          "prolonging its own life",
          "ALTER ROLE CURRENT_USER VALID UNTIL 'infinity'");
      sql(
          scene,
          thief,
          "H11",
          "switching the tables' guard off",
          "ALTER TABLE prove.writes DISABLE ROW LEVEL SECURITY");
      sql(
          scene,
          thief,
          "H11",
          "writing an approved request of its own",
          "UPDATE countersign.approved_request SET request = '{}'");
      sql(scene, thief, "H11", "running a program", "COPY (SELECT 1) TO PROGRAM 'true'");
      scene.control(
          "PostgreSQL",
          "the approved write",
          "one row",
          () -> {
            String refusal = tried(thief, insert(asked.thing(), asked.amount()));
            return new Scene.Seen(
                refusal.isEmpty(), refusal.isEmpty() ? "one row" : Answers.shown(refusal));
          });
      sql(
          scene,
          thief,
          "H04",
          "the approved write a second time",
          insert(asked.thing(), asked.amount()));
      scene.refused(
          "H11",
          "PostgreSQL",
          "deleting what was written",
          "an error, or no row",
          () -> {
            String refusal = tried(thief, "DELETE FROM prove.writes");
            return new Scene.Seen(!refusal.isEmpty(), Answers.shown(refusal));
          });
    } catch (SQLException failed) {
      throw new IllegalStateException("the minted login was not let in: " + failed.getMessage());
    } finally {
      tenant.client().revoke(login.lease());
    }
  }

  Property mortality() {
    return new Property(
        "login-dies",
        "A login and its connections end with the call, and with the presenter's crash.",
        "somebody who kept a minted login, or a connection that it opened",
        this::mortal);
  }

  private void mortal(Scene scene) {
    afterTheCall(scene);
    afterACrash(scene);
  }

  private void afterTheCall(Scene scene) {
    Login login = login(tenant.obo(Writes.small()));
    try (Connection kept = open(login)) {
      scene.control(
          "PostgreSQL",
          "the connection while its lease lives",
          "an answer",
          () -> {
            String refusal = tried(kept, "SELECT 1");
            return new Scene.Seen(refusal.isEmpty(), refusal.isEmpty() ? "an answer" : refusal);
          });
      tenant.client().revoke(login.lease());
      ended(scene, kept, "a connection that was kept open after the call");
    } catch (SQLException failed) {
      throw new IllegalStateException("the minted login was not let in: " + failed.getMessage());
    }
    shut(scene, login, "the login after its call");
  }

  // The presenter never gives it back: the lease's own end and the sweeper must do.
  private void afterACrash(Scene scene) {
    Secret obo = tenant.obo(Writes.small(), tenant.otherAudience());
    Login login = Login.of(tenant.outsider().mint(obo, tenant.otherRole()));
    try (Connection kept = open(login)) {
      scene.looked(
          "H08",
          "broker",
          "a connection whose presenter crashed, after its lease",
          "it is ended within 30 s",
          () -> {
            long start = System.nanoTime();
            String refusal = "";
            while (refusal.isEmpty() && System.nanoTime() - start < PATIENCE.toNanos()) {
              LockSupport.parkNanos(PAUSE.toNanos());
              refusal = tried(kept, "SELECT 1");
            }
            return new Scene.Seen(
                !refusal.isEmpty(),
                refusal.isEmpty()
                    ? "it still answers after 30 s"
                    : "ended: " + Answers.shown(refusal));
          },
          seen -> seen);
    } catch (SQLException failed) {
      throw new IllegalStateException("the minted login was not let in: " + failed.getMessage());
    }
    shut(scene, login, "the login whose presenter crashed, after its lease");
  }

  static void ended(Scene scene, Connection kept, String tried) {
    scene.looked(
        "H07",
        "broker",
        tried,
        "it is ended",
        () -> {
          String refusal = tried(kept, "SELECT 1");
          return new Scene.Seen(
              !refusal.isEmpty(),
              refusal.isEmpty() ? "it still answers" : "ended: " + Answers.shown(refusal));
        },
        seen -> seen);
  }

  void shut(Scene scene, Login login, String tried) {
    scene.refused(
        "H07",
        "PostgreSQL",
        tried,
        "it is not let in",
        () -> {
          try (Connection again = open(login)) {
            return new Scene.Seen(false, "let in as " + again.getMetaData().getUserName());
          } catch (SQLException refused) {
            return new Scene.Seen(true, Answers.shown(String.valueOf(refused.getMessage())));
          }
        });
  }

  private static void sql(
      Scene scene, Connection thief, String attack, String tried, String statement) {
    scene.refused(
        attack,
        "PostgreSQL",
        tried,
        "an error",
        () -> {
          String refusal = tried(thief, statement);
          return new Scene.Seen(
              !refusal.isEmpty(), refusal.isEmpty() ? "it was done" : Answers.shown(refusal));
        });
  }

  /// Runs a statement; the database's refusal, or nothing.
  static String tried(Connection connection, String sql) {
    try (Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(SECONDS);
      statement.execute(sql);
      return "";
    } catch (SQLException refused) {
      return String.valueOf(refused.getMessage());
    }
  }

  static String insert(String thing, int amount) {
    return "INSERT INTO prove.writes (thing, amount) VALUES ('" + thing + "', " + amount + ")";
  }

  /// Mints a login for a token.
  Login login(Secret obo) {
    return Login.of(tenant.client().mint(obo, tenant.role()));
  }

  Connection open(Login login) throws SQLException {
    return open(tenant.database(), login);
  }

  static Connection open(String database, Login login) throws SQLException {
    var properties = new Properties();
    properties.setProperty("user", login.user());
    properties.setProperty("password", login.password().reveal());
    properties.setProperty("loginTimeout", "10");
    properties.setProperty("socketTimeout", "20");
    return DriverManager.getConnection(database, properties);
  }

  /// A minted login.
  record Login(String lease, String user, Secret password) {
    /// @throws IllegalStateException if none was minted
    static Login of(WireClient.Answer answer) {
      var body = Answers.body(answer);
      if (answer.status() != 200 || !Answers.grants(answer)) {
        throw new IllegalStateException(
            "the broker mints no login for the test tenant: "
                + Answers.shown(Answers.text(answer)));
      }
      return new Login(
          body.path("lease_id").asString(""),
          body.path("data").path("username").stringValue(),
          new Secret(body.path("data").path("password").stringValue()));
    }
  }
}
