package dev.countersign.box.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.Migrations;
import dev.countersign.protocol.Secret;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class StateDatabaseTest {
  private static final String MIGRATIONS = "dev/countersign/box/migrations";
  private static final List<String> BOXES = List.of("sts", "broker");

  @TempDir static Path folder;
  private static EmbeddedPostgres server;
  private static StateDatabase state;

  @BeforeAll
  static void provision() {
    server = EmbeddedPostgres.start(folder);
    state = StateDatabase.provision(server.superuser(), folder.resolve("secrets"), BOXES);
    for (String box : BOXES) {
      Migrations.run(state.owner(), box, StateDatabase.user(box), MIGRATIONS);
    }
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void putsEachBoxIntoItsOwnSchema() throws SQLException {
    run(state.box("sts"), "INSERT INTO note VALUES (1, 'of sts')");
    assertThat(ask(state.box("sts"), "SELECT text FROM note WHERE id = 1")).isEqualTo("of sts");
    assertThat(ask(state.box("broker"), "SELECT count(*) FROM note")).isEqualTo("0");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT * FROM sts.note",
        "DELETE FROM note",
        "UPDATE note SET text = 'x'",
        "TRUNCATE note",
        "DROP TABLE note",
        "CREATE TABLE mine (n int)",
        "CREATE TABLE public.mine (n int)",
        "CREATE TEMP TABLE mine (n int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "SELECT * FROM migration_history",
        "SET ROLE countersign_owner",
        "SET ROLE countersign_sts",
        "COPY note TO PROGRAM 'id'",
        "SELECT pg_read_file('/etc/passwd')"
      })
  void letsABoxDoNothingBeyondItsGrants(String sql) {
    assertThatThrownBy(() -> run(state.box("broker"), sql))
        .isInstanceOfSatisfying(
            SQLException.class, denied -> assertThat(denied.getSQLState()).isEqualTo("42501"));
  }

  @Test
  void letsTheAuditorReadAndNotWrite() {
    assertThatCode(() -> run(state.auditor(), "SELECT * FROM sts.note")).doesNotThrowAnyException();
    assertThatThrownBy(() -> run(state.auditor(), "INSERT INTO sts.note VALUES (9, 'x')"))
        .isInstanceOf(SQLException.class);
  }

  @Test
  void letsNoBoxIntoAnotherDatabase() throws SQLException {
    for (String database : List.of("postgres", "template1")) {
      assertThatThrownBy(() -> run(state.box("sts").database(database), "SELECT 1"))
          .isInstanceOf(SQLException.class);
    }
    run(server.superuser(), "CREATE ROLE stranger LOGIN PASSWORD 'stranger'");
    DatabaseSettings stranger =
        server.settings(StateDatabase.NAME, "stranger", new Secret("stranger"));
    assertThatThrownBy(() -> run(stranger, "SELECT 1")).isInstanceOf(SQLException.class);
  }

  @Test
  void changesNothingTheSecondTime() throws SQLException {
    run(server.superuser(), "SELECT pg_stat_reset_shared('wal')");
    var again = StateDatabase.provision(server.superuser(), folder.resolve("secrets"), BOXES);
    assertThat(again.box("sts").password()).isEqualTo(state.box("sts").password());
    assertThatCode(() -> run(again.box("sts"), "SELECT 1")).doesNotThrowAnyException();
  }

  @Test
  void addsABoxLater() {
    var more =
        StateDatabase.provision(
            server.superuser(), folder.resolve("secrets"), List.of("sts", "broker", "signals"));
    assertThatCode(() -> run(more.box("signals"), "SELECT 1")).doesNotThrowAnyException();
  }

  @Test
  void givesANewPasswordWhenTheFileIsGone() throws Exception {
    String provisioned = StateDatabase.user("renewed");
    var boxes = List.of("renewed");
    Path secrets = folder.resolve("renewed-secrets");
    var first = StateDatabase.provision(server.superuser(), folder.resolve("secrets"), boxes);
    Files.createDirectories(secrets);
    for (String kept : List.of("countersign_owner", "countersign_auditor")) {
      Files.copy(
          folder.resolve("secrets").resolve(kept + ".password"),
          secrets.resolve(kept + ".password"));
    }
    var second = StateDatabase.provision(server.superuser(), secrets, boxes);
    assertThat(second.box("renewed").user()).isEqualTo(provisioned);
    assertThatCode(() -> run(second.box("renewed"), "SELECT 1")).doesNotThrowAnyException();
    assertThatThrownBy(() -> run(first.box("renewed"), "SELECT 1"))
        .isInstanceOf(SQLException.class);
  }

  @Test
  void keepsPasswordsInFilesOfTheirOwnerAndOutOfTheServersLog() throws Exception {
    String log = Files.readString(folder.resolve("postgres.log"));
    try (var files = Files.list(folder.resolve("secrets"))) {
      for (Path file : files.toList()) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
            .isEqualTo("rw-------");
        assertThat(log).doesNotContain(Files.readString(file).strip());
      }
    }
  }

  @Test
  void worksForAnAdministratorWhoIsNotASuperuser(@TempDir Path other) throws SQLException {
    try (var external = EmbeddedPostgres.start(other)) {
      run(
          external.superuser(),
          "CREATE ROLE dba LOGIN CREATEDB CREATEROLE PASSWORD 'dba'; GRANT CONNECT ON DATABASE"
              + " postgres TO dba");
      DatabaseSettings dba = external.settings("postgres", "dba", new Secret("dba"));
      var made = StateDatabase.provision(dba, other.resolve("secrets"), List.of("sts"));
      Migrations.run(made.owner(), "sts", StateDatabase.user("sts"), MIGRATIONS);
      run(made.box("sts"), "INSERT INTO note VALUES (1, 'x')");
      StateDatabase.provision(dba, other.resolve("secrets"), List.of("sts", "broker"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "STS", "a-b", "a;b", "1a", "a b"})
  void refusesABoxNameThatIsNotPlain(String name) {
    assertThatThrownBy(() -> StateDatabase.user(name)).isInstanceOf(IllegalArgumentException.class);
  }

  private static void run(DatabaseSettings settings, String sql) throws SQLException {
    try (var connection = Database.connect(settings);
        var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static String ask(DatabaseSettings settings, String sql) throws SQLException {
    try (var connection = Database.connect(settings);
        var statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      return rows.next() ? String.valueOf(rows.getString(1)) : "";
    }
  }
}
