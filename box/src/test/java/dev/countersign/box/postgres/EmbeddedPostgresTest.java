package dev.countersign.box.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseAway;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.protocol.Secret;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EmbeddedPostgresTest {
  private static final Duration SOON = Duration.ofSeconds(15);

  @TempDir Path folder;

  @Test
  void keepsItsDataFromOneRunToTheNext() throws SQLException {
    var steps = new ArrayList<String>();
    try (var first = EmbeddedPostgres.start(folder, steps::add)) {
      execute(first.superuser(), "CREATE TABLE kept (n int)");
      execute(first.superuser(), "INSERT INTO kept VALUES (7)");
    }
    assertThat(steps).contains("making a new database cluster");
    steps.clear();
    try (var second = EmbeddedPostgres.start(folder, steps::add)) {
      assertThat(ask(second.superuser(), "SELECT n FROM kept")).isEqualTo("7");
    }
    assertThat(steps).isEmpty();
  }

  @Test
  void isTheVersionThatItSays_durable_withChecksums_onLoopbackOnly() throws SQLException {
    try (var server = EmbeddedPostgres.start(folder)) {
      DatabaseSettings admin = server.superuser();
      assertThat(ask(admin, "SHOW server_version") + ".0").startsWith(PostgresBinaries.VERSION);
      assertThat(ask(admin, "SHOW fsync")).isEqualTo("on");
      assertThat(ask(admin, "SHOW data_checksums")).isEqualTo("on");
      assertThat(ask(admin, "SHOW listen_addresses")).isEqualTo("127.0.0.1");
      assertThat(ask(admin, "SHOW unix_socket_directories")).isEmpty();
    }
  }

  @Test
  void letsNobodyInWithoutTheRightPassword() {
    try (var server = EmbeddedPostgres.start(folder)) {
      for (String wrong : List.of("", "postgres")) {
        DatabaseSettings guess =
            server.settings("postgres", EmbeddedPostgres.SUPERUSER, new Secret(wrong));
        assertThatThrownBy(() -> ask(guess, "SELECT 1")).isInstanceOf(SQLException.class);
      }
    }
  }

  @Test
  void keepsItsFilesToItself() throws IOException {
    try (var server = EmbeddedPostgres.start(folder)) {
      assertThat(server.isRunning()).isTrue();
      assertThat(permissions("superuser-password")).isEqualTo("rw-------");
      assertThat(permissions("postgres.log")).isEqualTo("rw-------");
      assertThat(permissions("postgres")).isEqualTo("rwx------");
      assertThat(folder.resolve("postgres.password")).doesNotExist();
    }
  }

  private String permissions(String name) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(name)));
  }

  @Test
  void refusesASecondServerOnOneFolder() {
    try (var first = EmbeddedPostgres.start(folder)) {
      assertThatThrownBy(() -> EmbeddedPostgres.start(folder))
          .isInstanceOf(PostgresStartFailure.class)
          .hasMessageContaining("in use by a running Countersign");
      assertThat(first.isRunning()).isTrue();
    }
  }

  @Test
  void endsWithTheProcessThatStartedIt_evenByKill9() throws Exception {
    Process other = startInAnotherProcess();
    ProcessHandle server = Postmaster.running(cluster()).orElseThrow();
    other.destroyForcibly().waitFor();
    assertThat(server.onExit().get(SOON.toSeconds(), TimeUnit.SECONDS)).isEqualTo(server);
    try (var again = EmbeddedPostgres.start(folder)) {
      assertThat(ask(again.superuser(), "SELECT n FROM survives")).isEqualTo("1");
    }
  }

  @Test
  void startsAtOnceWhileTheServerOfAKilledProcessIsStillEnding() throws Exception {
    Process other = startInAnotherProcess();
    other.destroyForcibly().waitFor();
    try (var again = EmbeddedPostgres.start(folder)) {
      assertThat(ask(again.superuser(), "SELECT n FROM survives")).isEqualTo("1");
    }
  }

  @Test
  void stopsAnOrphanOfThisFolderFirst() throws Exception {
    Process other = startInAnotherProcess();
    ProcessHandle server = Postmaster.running(cluster()).orElseThrow();
    ProcessHandle shell = server.parent().orElseThrow();
    // Without its two watchdogs nothing ends the server any more.
    shell
        .children()
        .filter(child -> child.pid() != server.pid())
        .forEach(ProcessHandle::destroyForcibly);
    shell.destroyForcibly();
    shell.onExit().get(5, TimeUnit.SECONDS);
    other.destroyForcibly().waitFor();
    assertThat(server.isAlive()).isTrue();
    try (var again = EmbeddedPostgres.start(folder)) {
      assertThat(server.isAlive()).isFalse();
      assertThat(ask(again.superuser(), "SELECT n FROM survives")).isEqualTo("1");
    }
  }

  @Test
  void startsWhenThePidFileNamesAProcessThatIsNotTheServer() throws Exception {
    EmbeddedPostgres.start(folder).close();
    Files.writeString(
        cluster().resolve("postmaster.pid"),
        ProcessHandle.current().pid()
            + "\n"
            + cluster()
            + "\n1\n5432\n\n127.0.0.1\n  1  1\nready\n");
    try (var again = EmbeddedPostgres.start(folder)) {
      assertThat(ask(again.superuser(), "SELECT 1")).isEqualTo("1");
    }
  }

  @Test
  void startsAfterAnInterruptedFirstStart() throws Exception {
    Files.createDirectories(folder.resolve("postgres.new").resolve("base"));
    Files.writeString(folder.resolve("postgres.password"), "left over");
    try (var server = EmbeddedPostgres.start(folder)) {
      assertThat(ask(server.superuser(), "SELECT 1")).isEqualTo("1");
    }
  }

  @Test
  void saysThatTheDatabaseIsAwayWhenTheServerHasStopped() {
    var server = EmbeddedPostgres.start(folder);
    var limits = new Database.Limits(2, Duration.ofMillis(500), Duration.ofSeconds(5));
    try (var database = Database.open("test", server.superuser(), limits)) {
      assertThat(database.isUp()).isTrue();
      server.close();
      assertThat(database.isUp()).isFalse();
      assertThatThrownBy(() -> database.query(c -> c.createStatement().execute("SELECT 1")))
          .isInstanceOf(DatabaseAway.class);
    }
  }

  @Test
  void namesADataFolderOfAnotherVersion() throws IOException {
    EmbeddedPostgres.start(folder).close();
    Files.writeString(cluster().resolve("PG_VERSION"), "12\n");
    assertThatThrownBy(() -> EmbeddedPostgres.start(folder))
        .isInstanceOf(PostgresStartFailure.class)
        .hasMessageContaining("another version of PostgreSQL")
        .hasMessageNotContaining("\n");
  }

  @Test
  void findsItsDataWhereTheServersAccountCannotReachTheFolder() throws Exception {
    // JUnit's folder lets only its owner in, so as root the cluster has to live elsewhere.
    Path deep = folder.resolve("deep");
    for (int run = 0; run < 2; run++) {
      try (var server = EmbeddedPostgres.start(deep)) {
        execute(server.superuser(), "CREATE TABLE IF NOT EXISTS kept (n int)");
        execute(server.superuser(), "INSERT INTO kept VALUES (1)");
        assertThat(ask(server.superuser(), "SELECT count(*) FROM kept"))
            .isEqualTo(String.valueOf(run + 1));
      }
    }
    EmbeddedPostgres.delete(deep);
    assertThat(deep).isEmptyDirectory();
  }

  @Test
  void namesAFullDiskAndAForeignFolder() throws IOException {
    Path log = folder.resolve("postgres.log");
    Files.writeString(log, "FATAL:  could not write lock file: No space left on device\n");
    assertThat(StartTrouble.explain(log, 0, 1))
        .hasMessageContaining("the disk is full; free some space; its log is");
    Files.writeString(log, "FATAL:  data directory \"x\" has wrong ownership\n");
    assertThat(StartTrouble.explain(log, 0, 1)).hasMessageContaining("belongs to another user");
    Files.writeString(log, "FATAL:  something new\n");
    assertThat(StartTrouble.explain(log, 0, 1)).hasMessageContaining("something new");
    assertThat(StartTrouble.explain(log, 0, 132)).hasMessageContaining("processor");
  }

  @Test
  void startsAfreshAfterDelete() {
    EmbeddedPostgres.start(folder).close();
    EmbeddedPostgres.delete(folder);
    assertThat(folder).isEmptyDirectory();
  }

  private Path cluster() {
    return folder.resolve("postgres");
  }

  private Process startInAnotherProcess() throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Other.class.getName(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    var lines =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    assertThat(lines.readLine()).isEqualTo("started");
    return process;
  }

  /// Starts a server and then waits for its own violent end.
  static final class Other {
    private Other() {}

    public static void main(String[] arguments) throws Exception {
      var server = EmbeddedPostgres.start(Path.of(arguments[0]));
      execute(server.superuser(), "CREATE TABLE survives AS SELECT 1 AS n");
      System.out.println("started");
      Thread.sleep(Duration.ofMinutes(5));
    }
  }

  private static void execute(DatabaseSettings settings, String sql) throws SQLException {
    try (Connection connection = Database.connect(settings);
        var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static String ask(DatabaseSettings settings, String sql) throws SQLException {
    try (Connection connection = Database.connect(settings);
        var statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      return rows.next() ? String.valueOf(rows.getString(1)) : "";
    }
  }
}
