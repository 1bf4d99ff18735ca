package dev.countersign.broker.box;

import static dev.countersign.broker.box.Refunds.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.countersign.broker.BrokerConfig;
import dev.countersign.broker.UnsafeTargetException;
import dev.countersign.broker.postgres.InitTarget;
import dev.countersign.broker.postgres.PgTargetDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.slf4j.LoggerFactory;

/// The broker does not start over a database in which a login could do more than it should.
class TargetSetUpTest {
  @SuppressWarnings("NullAway.Init")
  private static Refunds refunds;

  @BeforeAll
  static void prepare() {
    refunds = new Refunds();
  }

  @AfterAll
  static void close() {
    refunds.close();
  }

  /// One thing wrong; `{mint}` stands for the broker's login, `{db}` for the database.
  record Row(String name, String harm, String repair, String sentence) {
    @Override
    public String toString() {
      return name;
    }
  }

  static final List<Row> UNSAFE =
      List.of(
          new Row(
              "the broker is superuser",
              "ALTER ROLE {mint} SUPERUSER",
              "ALTER ROLE {mint} NOSUPERUSER",
              "must not be superuser"),
          new Row(
              "the broker bypasses row-level security",
              "ALTER ROLE {mint} BYPASSRLS",
              "ALTER ROLE {mint} NOBYPASSRLS",
              "BYPASSRLS"),
          new Row(
              "the broker may not make roles", "ALTER ROLE {mint} NOCREATEROLE", "", "CREATEROLE"),
          new Row(
              "a group can log in",
              "ALTER ROLE refunds_read LOGIN",
              "ALTER ROLE refunds_read NOLOGIN",
              "refunds_read must be NOLOGIN"),
          new Row(
              "a group bypasses row-level security",
              "ALTER ROLE refunds_read BYPASSRLS",
              "ALTER ROLE refunds_read NOBYPASSRLS",
              "no attribute"),
          new Row(
              "a group may run programs",
              "GRANT pg_execute_server_program TO refunds_read",
              "REVOKE pg_execute_server_program FROM refunds_read",
              "predefined pg_ role"),
          new Row(
              "the broker may not hand the group on",
              "REVOKE refunds_write FROM {mint}",
              "",
              "ADMIN OPTION on group role refunds_write"),
          new Row(
              "a group owns a table",
              "CREATE TABLE refunds.owned (a int); ALTER TABLE refunds.owned OWNER TO refunds_read",
              "DROP TABLE refunds.owned",
              "must not own tables"),
          new Row(
              "H11: a group is a member of a table's owner",
              "GRANT refunds_owner TO refunds_read",
              "REVOKE refunds_owner FROM refunds_read",
              "nor be a member of a role that does"),
          new Row(
              "H11: default privileges give later tables to everyone",
              "ALTER DEFAULT PRIVILEGES FOR ROLE refunds_owner GRANT SELECT ON TABLES TO PUBLIC",
              "ALTER DEFAULT PRIVILEGES FOR ROLE refunds_owner REVOKE SELECT ON TABLES FROM PUBLIC",
              "default privileges give every table that refunds_owner makes later"),
          new Row(
              "H11: default privileges give later tables to a group",
              "ALTER DEFAULT PRIVILEGES FOR ROLE refunds_owner IN SCHEMA refunds GRANT INSERT ON"
                  + " TABLES TO refunds_read",
              "ALTER DEFAULT PRIVILEGES FOR ROLE refunds_owner IN SCHEMA refunds REVOKE INSERT ON"
                  + " TABLES FROM refunds_read",
              "default privileges give every table that refunds_owner makes later"),
          new Row(
              "a group may make tables",
              "GRANT CREATE ON SCHEMA refunds TO refunds_read",
              "REVOKE CREATE ON SCHEMA refunds FROM refunds_read",
              "create anything"),
          new Row(
              "a group may use a table without row-level security",
              "CREATE TABLE refunds.open (a int); GRANT SELECT (a) ON refunds.open TO refunds_read",
              "DROP TABLE refunds.open",
              "may use table refunds.open, which has no row-level security"),
          new Row(
              "everyone may use a table without row-level security",
              "CREATE TABLE public.open (a int); GRANT INSERT ON public.open TO PUBLIC",
              "DROP TABLE public.open",
              "may use table public.open, which has no row-level security"),
          new Row(
              "everyone may create in a schema",
              "CREATE SCHEMA wide; GRANT CREATE ON SCHEMA wide TO PUBLIC",
              "DROP SCHEMA wide",
              "PUBLIC may create in schema wide"),
          new Row(
              "everyone may make temporary tables",
              "GRANT TEMPORARY ON DATABASE {db} TO PUBLIC",
              "",
              "PUBLIC may make temporary tables"),
          new Row(
              "everyone may make large objects",
              "GRANT EXECUTE ON FUNCTION lo_creat(integer) TO PUBLIC",
              "",
              "PUBLIC may make large objects"),
          new Row(
              "the functions are missing",
              "DROP SCHEMA countersign CASCADE",
              "",
              "functions of the schema countersign are missing"),
          new Row(
              "an older version prepared the database",
              "DROP FUNCTION countersign.end_connections(regrole)",
              "",
              "older version prepared this database: run `countersign init-db` again"),
          new Row(
              "a function runs as its caller",
              "ALTER FUNCTION countersign.request() SECURITY INVOKER",
              "ALTER FUNCTION countersign.request() SECURITY DEFINER",
              "run with other rights than they should"));

  @ParameterizedTest(name = "{0}")
  @FieldSource("UNSAFE")
  void refusesToStartWhen(Row row) throws SQLException {
    execute(row.harm());
    try {
      assertThatThrownBy(refunds::start)
          .isInstanceOf(UnsafeTargetException.class)
          .hasMessageContaining(row.sentence());
    } finally {
      execute(row.repair());
      setUp();
    }
  }

  static final List<Row> DOUBTFUL =
      List.of(
          new Row(
              "the owner of a table logs in and is above its policies",
              "ALTER TABLE refunds.cases NO FORCE ROW LEVEL SECURITY; ALTER ROLE refunds_owner LOGIN",
              "ALTER TABLE refunds.cases FORCE ROW LEVEL SECURITY; ALTER ROLE refunds_owner NOLOGIN",
              "the owner of table refunds.cases can log in and is above its policies"),
          new Row(
              "a view runs as its owner",
              "CREATE VIEW refunds.all_cases AS SELECT * FROM refunds.cases;"
                  + " GRANT SELECT ON refunds.all_cases TO refunds_read",
              "DROP VIEW refunds.all_cases",
              "may use refunds.all_cases, which is not held to the policies"),
          new Row(
              "H11: a function runs as its owner and finds names by its caller's search_path",
              "CREATE FUNCTION refunds.loose() RETURNS bigint LANGUAGE sql SECURITY DEFINER"
                  + " AS 'SELECT count(*) FROM pg_class';"
                  + " GRANT EXECUTE ON FUNCTION refunds.loose() TO refunds_read",
              "DROP FUNCTION refunds.loose()",
              "may call refunds.loose(), which runs as its owner"),
          new Row(
              "nobody looks after the catalog",
              "ALTER ROLE {mint} SET track_counts = off",
              "ALTER ROLE {mint} RESET track_counts",
              "autovacuum or track_counts is off"));

  @ParameterizedTest(name = "{0}")
  @FieldSource("DOUBTFUL")
  void startsWithAWarningWhen(Row row) throws SQLException {
    execute(row.harm());
    try {
      assertThat(warnings()).anySatisfy(told -> assertThat(told).contains(row.sentence()));
    } finally {
      execute(row.repair());
    }
  }

  @Test
  void startsWithAWarningWhenAutovacuumSleepsLongerThanAMinute() throws SQLException {
    assertThat(warnings()).noneMatch(told -> told.contains("autovacuum_naptime"));
    execute("ALTER SYSTEM SET autovacuum_naptime = '61s'");
    try {
      awaitNaptime("61");
      assertThat(warnings())
          .anySatisfy(told -> assertThat(told).contains("set autovacuum_naptime = 10s"));
    } finally {
      execute("ALTER SYSTEM RESET autovacuum_naptime");
      awaitNaptime("60");
    }
  }

  /// A server reads its configuration again some time after it was asked to.
  private static void awaitNaptime(String seconds) {
    refunds.ask("SELECT pg_reload_conf()");
    assertTimeoutPreemptively(
        Duration.ofSeconds(30),
        () -> {
          while (!refunds
              .ask("SELECT setting FROM pg_settings WHERE name = 'autovacuum_naptime'")
              .equals(seconds)) {
            Thread.onSpinWait();
          }
        });
  }

  private static List<String> warnings() {
    var heard = new ListAppender<ILoggingEvent>();
    var log = (Logger) LoggerFactory.getLogger(PgTargetDatabase.class);
    heard.start();
    log.addAppender(heard);
    try {
      refunds.start();
      refunds.stop();
    } finally {
      log.detachAppender(heard);
    }
    return heard.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  @Test
  void startsWithWhatIsAllowedByName() throws SQLException {
    execute("ALTER ROLE {mint} SUPERUSER");
    execute("GRANT EXECUTE ON FUNCTION lo_creat(integer) TO PUBLIC");
    try {
      refunds
          .allowing(BrokerConfig.Allowance.SUPERUSER, BrokerConfig.Allowance.LARGE_OBJECTS)
          .start();
      var login = refunds.login(Refunds.findCase(Refunds.CASE));

      assertThat(refunds.broker().sweeper().orphans()).isZero();
      assertThat(refunds.revoke(login.lease(), "gateway").status()).isEqualTo(204);
      assertThat(refunds.exists(login)).isFalse();
      refunds.stop();
    } finally {
      refunds.allowing();
      execute("ALTER ROLE {mint} NOSUPERUSER");
      setUp();
    }
  }

  private static void execute(String sql) throws SQLException {
    String database = refunds.ask("SELECT current_database()");
    try (var connection = Refunds.connect(refunds.owner)) {
      run(connection, sql.replace("{mint}", refunds.mint.text()).replace("{db}", database));
    }
  }

  private static void setUp() {
    InitTarget.run(refunds.owner, refunds.plan(refunds.mintLogin.password()));
    InitTarget.runScripts(
        refunds.owner, List.of(Refunds.example("01_schema.sql"), Refunds.example("02_data.sql")));
  }

  @Test
  void aDatabaseThatAnOlderVersionPreparedStillLosesItsLogins() throws SQLException {
    refunds.start();
    try {
      var login = refunds.login(Refunds.findCase(Refunds.CASE));
      execute("DROP FUNCTION countersign.end_connections(regrole)");
      try (var connection = refunds.connect(login)) {
        assertThat(refunds.revoke(login.lease(), "gateway").status()).isEqualTo(204);
        assertThat(connection.isValid(1)).isFalse();
      }
      assertThat(refunds.exists(login)).isFalse();
    } finally {
      refunds.stop();
      setUp();
    }
  }

  @Test
  void startsAfterTheSetUpIsRunASecondTime() {
    setUp();

    refunds.start();

    var login = refunds.login(Refunds.findCase(Refunds.CASE));
    assertThat(refunds.revoke(login.lease(), "gateway").status()).isEqualTo(204);
    assertThat(refunds.ask("SELECT count(*) FROM refunds.cases")).isEqualTo("8");
    refunds.stop();
  }

  @Test
  void repairsWhatWasOpened() throws SQLException {
    execute("GRANT TEMPORARY ON DATABASE {db} TO PUBLIC");
    execute("DROP FUNCTION countersign.request_amount() CASCADE");
    setUp();

    refunds.start();

    assertThat(refunds.broker().sweeper().orphans()).isZero();
    refunds.stop();
  }

  @Test
  void refusesToMakeAGroupOfALogin() throws SQLException {
    execute("ALTER ROLE refunds_read LOGIN");
    try {
      assertThatThrownBy(
              () -> InitTarget.run(refunds.owner, refunds.plan(refunds.mintLogin.password())))
          .hasMessageContaining("must be NOLOGIN");
    } finally {
      execute("ALTER ROLE refunds_read NOLOGIN");
    }
  }

  @Test
  void H12_leavesNoPasswordInThePostgresLogEvenIfItLogsEveryStatement() throws Exception {
    execute("ALTER ROLE {mint} SET log_statement = 'all'");
    refunds.start();
    try {
      var login = refunds.login(Refunds.findCase(Refunds.CASE));
      refunds.revoke(login.lease(), "gateway");
      Path log = Path.of(refunds.ask("SHOW data_directory")).resolveSibling("postgres.log");

      assertThat(Files.readString(log))
          .contains("CREATE ROLE \"" + login.user() + "\"")
          .doesNotContain(login.password().reveal());
    } finally {
      refunds.stop();
      execute("ALTER ROLE {mint} RESET log_statement");
    }
  }
}
