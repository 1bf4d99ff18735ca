package dev.countersign.broker.box;

import static dev.countersign.broker.box.Refunds.ask;
import static dev.countersign.broker.box.Refunds.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.broker.box.Refunds.Login;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/// What PostgreSQL offers to everyone who is let in, in the hands of somebody who stole a login:
/// the server's files and programs, other people's sessions, and what might outlive the login.
class StolenLoginTest {
  private static final String NOT_ALLOWED = "42501";

  @SuppressWarnings("NullAway.Init")
  private static Refunds refunds;

  @BeforeAll
  static void start() {
    refunds = Refunds.started();
  }

  @AfterAll
  static void stop() {
    refunds.close();
  }

  private static Login login() {
    return refunds.login(Refunds.findCase(Refunds.CASE));
  }

  private static void revoke(Login login) {
    assertThat(refunds.revoke(login.lease(), "gateway").status()).isEqualTo(204);
    assertThat(refunds.exists(login)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "COPY refunds.cases TO PROGRAM 'cat'",
        "COPY refunds.cases FROM PROGRAM 'id'",
        "COPY refunds.cases TO '/tmp/countersign-loot'",
        "COPY refunds.cases FROM '/etc/passwd'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_read_binary_file('pg_hba.conf')",
        "SELECT pg_ls_dir('.')",
        "SELECT pg_stat_file('pg_hba.conf')",
        "SELECT pg_ls_logdir()",
        "SELECT pg_ls_waldir()",
        "SELECT lo_import('/etc/passwd')",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, '\\x00')",
        "CREATE EXTENSION dblink",
        "CREATE EXTENSION postgres_fdw",
        "CREATE EXTENSION file_fdw",
        "CREATE FOREIGN DATA WRAPPER mine",
        "CREATE SERVER mine FOREIGN DATA WRAPPER postgres_fdw",
        "CREATE SUBSCRIPTION mine CONNECTION 'host=127.0.0.1' PUBLICATION p",
        "CREATE PUBLICATION mine FOR ALL TABLES",
        "CREATE LANGUAGE plperlu",
        "CREATE FUNCTION refunds.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE public.loot (a int)",
        "CREATE TABLE refunds.loot (a int)",
        "CREATE TABLE countersign.loot (a int)",
        "CREATE DATABASE loot",
        "CREATE TABLESPACE loot LOCATION '/tmp'",
        "ALTER SYSTEM SET archive_command = 'true'",
        "SELECT pg_reload_conf()",
        "SELECT pg_rotate_logfile()",
        "SELECT pg_switch_wal()",
        "SELECT pg_create_restore_point('x')",
        "SELECT pg_create_physical_replication_slot('x')",
        "SELECT pg_create_logical_replication_slot('x', 'test_decoding')",
        "SELECT pg_logical_emit_message(true, 'x', 'y')"
            + " FROM pg_create_logical_replication_slot('x', 'pgoutput')",
        "SELECT pg_stat_reset()",
        "SELECT pg_stat_reset_shared('bgwriter')",
        "SELECT pg_log_backend_memory_contexts(pg_backend_pid())",
        "SELECT pg_export_snapshot(), pg_terminate_backend(pid) FROM pg_stat_activity"
            + " WHERE usename = 'postgres'",
        "SELECT * FROM pg_catalog.pg_authid",
        "SELECT * FROM pg_catalog.pg_shadow",
        "SELECT * FROM pg_catalog.pg_hba_file_rules",
        "SELECT * FROM pg_catalog.pg_file_settings",
        "SELECT umoptions FROM pg_catalog.pg_user_mapping",
        "SELECT subconninfo FROM pg_catalog.pg_subscription",
        "BEGIN; LOCK TABLE refunds.cases IN ACCESS EXCLUSIVE MODE",
        "COMMENT ON TABLE refunds.cases IS 'x'",
        "VACUUM FULL refunds.cases",
        "REINDEX TABLE refunds.cases",
        "ANALYZE countersign.approved_request",
      })
  void H11_hasNoWayToTheServerOrToWhatLasts(String sql) throws SQLException {
    Login login = login();
    try (var connection = refunds.connect(login)) {
      String left = lasting();
      try {
        run(connection, sql);
        // Maintenance of what one does not own is skipped with a warning.
        assertThat(sql).matches("(VACUUM|ANALYZE) .*");
      } catch (SQLException refused) {
        assertThat(refused.getSQLState()).as(sql).isIn(NOT_ALLOWED, "0A000", "42704", "55000");
      }
      assertThat(lasting()).isEqualTo(left);
    }
    revoke(login);
  }

  // Whatever a statement could leave: relations, functions, extensions, slots, large objects.
  private static String lasting() {
    return refunds.ask(
        "SELECT concat_ws(' ', (SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'f', 'v')),"
            + " (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_extension),"
            + " (SELECT count(*) FROM pg_foreign_data_wrapper),"
            + " (SELECT count(*) FROM pg_publication),"
            + " (SELECT count(*) FROM pg_largeobject_metadata))");
  }

  @Test
  void H11_seesNeitherTheStatementsNorTheNamesOfOtherSessions() throws SQLException {
    Login self = login();
    Login other = refunds.login(Refunds.findCase("R-884-2234"));
    try (var thief = refunds.connect(self);
        var victim = refunds.connect(other)) {
      ask(victim, "SELECT 'a secret of somebody else'");

      assertThat(
              ask(
                  thief,
                  "SELECT string_agg(DISTINCT query, ',') FROM pg_stat_activity WHERE usename = '"
                      + other.user()
                      + "'"))
          .isEqualTo("<insufficient privilege>");
      assertThat(
              ask(
                  thief,
                  "SELECT count(*) FROM pg_stat_activity WHERE usename = '"
                      + other.user()
                      + "' AND (client_addr IS NOT NULL OR xact_start IS NOT NULL)"))
          .isEqualTo("0");
      assertThatThrownBy(() ->
              run(
                  thief,
                  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '"
                      + other.user()
                      + "'"))
          .isInstanceOfSatisfying(
              SQLException.class,
              refused -> assertThat(refused.getSQLState()).isEqualTo(NOT_ALLOWED));
      assertThatThrownBy(() ->
              run(
                  thief,
                  "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = '"
                      + other.user()
                      + "'"))
          .isInstanceOfSatisfying(
              SQLException.class,
              refused -> assertThat(refused.getSQLState()).isEqualTo(NOT_ALLOWED));
      assertThat(ask(victim, "SELECT 1")).isEqualTo("1");
    }
    revoke(self);
    revoke(other);
  }

  /// Advisory locks, listening and a transaction that stays open are open to everyone whom
  /// PostgreSQL lets in, and a login may switch its own time-outs off. All of it ends with the
  /// lease, whatever the client does.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_advisory_xact_lock(1)",
        "LISTEN loot",
        "NOTIFY loot, 'x'",
        "DECLARE stays CURSOR WITH HOLD FOR SELECT 1",
        "PREPARE stays AS SELECT 1",
        "SELECT * FROM refunds.cases FOR KEY SHARE",
        "SET idle_session_timeout = 0",
        "ALTER ROLE CURRENT_USER SET statement_timeout = 0",
        "ALTER ROLE CURRENT_USER SET idle_in_transaction_session_timeout = 0",
        "ALTER ROLE CURRENT_USER PASSWORD NULL",
        "COMMENT ON ROLE {self} IS 'x'",
        "ALTER ROLE CURRENT_USER VALID UNTIL 'infinity'",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
      })
  void H08_whatItHoldsEndsWithItsLease(String sql) throws SQLException {
    Login login = login();
    try (Connection connection = refunds.connect(login)) {
      run(connection, "SET statement_timeout = 0");
      run(connection, "SET lock_timeout = 0");
      run(connection, "SET idle_in_transaction_session_timeout = 0");
      connection.setAutoCommit(false);
      try {
        run(connection, sql.replace("{self}", login.user()));
      } catch (SQLException refused) {
        assertThat(refused.getSQLState()).as(sql).isEqualTo(NOT_ALLOWED);
      }

      revoke(login);

      assertThatThrownBy(() -> ask(connection, "SELECT 1")).isInstanceOf(SQLException.class);
    }
    assertThat(refunds.ask("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"))
        .isEqualTo("0");
    assertThat(refunds.ask("SELECT pg_try_advisory_xact_lock(1)")).isEqualTo("t");
  }

  @Test
  void H11_learnsNothingThroughNotificationsOfOtherDatabases() throws SQLException {
    Login login = login();
    try (var connection = refunds.connect(login);
        var elsewhere = Refunds.connect(refunds.owner.database("postgres"))) {
      run(connection, "LISTEN loot");
      run(elsewhere, "NOTIFY loot, 'of the broker''s server'");

      // A statement after the notification's commit would bring it along.
      ask(connection, "SELECT 1");
      assertThat(connection.unwrap(PGConnection.class).getNotifications()).isNullOrEmpty();
    }
    revoke(login);
  }
}
