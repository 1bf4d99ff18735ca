package dev.countersign.broker.box;

import static dev.countersign.broker.box.Refunds.ask;
import static dev.countersign.broker.box.Refunds.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.broker.box.Refunds.Login;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The approved request is keyed by who logged in, and nothing that a login does changes that.
class SpoofTest {
  private static final String OTHER = "R-884-2234";
  private static final String CASE = "SELECT countersign.request_text('operationDetails.caseId')";

  private static final String CASE_BY_TYPE =
      "SELECT countersign.request_text('operationDetails.caseId', 'urn:smt:agent:case')";

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

  private static Login login(String caseId) {
    return refunds.login(Refunds.findCase(caseId));
  }

  private static void superuser(String sql) throws SQLException {
    try (var connection = Refunds.connect(refunds.owner)) {
      run(connection, sql);
    }
  }

  /// `{other}` is a login that was minted for another case, `{self}` the login itself.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "SET SESSION AUTHORIZATION {other}",
        "SET ROLE {other}",
        "SET LOCAL ROLE {other}",
        "SELECT set_config('role', '{other}', false)",
        "SELECT set_config('session_authorization', '{other}', false)",
        "GRANT {other} TO {self}",
        "GRANT {self} TO {other}",
        "GRANT refunds_write TO {self}",
        "GRANT countersign_target_owner TO {self}",
        "ALTER ROLE {self} RENAME TO cs_aaaaaaaaaaaaaaaa",
        "ALTER ROLE {self} CREATEROLE",
        "ALTER ROLE {self} SET role = '{other}'",
        "ALTER ROLE {other} PASSWORD 'x'",
        "CREATE ROLE cs_aaaaaaaaaaaaaaaa",
        "CREATE FUNCTION pg_temp.request() RETURNS jsonb LANGUAGE sql AS 'SELECT ''{}''::jsonb'",
        "CREATE TEMPORARY TABLE approved_request (role_name name, request jsonb)",
        "CREATE TEMPORARY VIEW approved_request AS SELECT 1",
        "CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)",
        "CREATE CAST (jsonb AS text) WITH INOUT",
        "CREATE DOMAIN public.name AS text",
        "CREATE OR REPLACE FUNCTION countersign.request() RETURNS jsonb LANGUAGE sql AS 'SELECT null'",
        "ALTER FUNCTION countersign.request() SECURITY INVOKER",
        "ALTER FUNCTION countersign.request() SET search_path = public",
        "DROP FUNCTION countersign.request() CASCADE",
        "CREATE TEMPORARY VIEW approved_element AS SELECT 1",
        "CREATE OR REPLACE VIEW countersign.approved_element AS SELECT '{}'::jsonb, 1::bigint",
        "SET search_path = pg_temp, public, pg_catalog",
        "SET pg_catalog.search_path = public",
        "SET session_preload_libraries = 'x'",
        "LOAD 'plpgsql'",
        "PREPARE TRANSACTION 'stays'",
        "ALTER SYSTEM SET row_security = off",
        "LOCK TABLE countersign.approved_request",
        "COPY countersign.approved_request TO STDOUT",
        "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION countersign.consume()",
        "CREATE RULE r AS ON SELECT TO refunds.cases DO INSTEAD SELECT 1",
        "CREATE POLICY p ON refunds.cases USING (true)",
        "SECURITY LABEL ON ROLE {self} IS 'x'",
      })
  void H11_staysTheRequestOfWhoLoggedIn(String sql) throws SQLException {
    Login self = login(Refunds.CASE);
    Login other = login(OTHER);
    try (var connection = refunds.connect(self)) {
      try {
        run(connection, sql.replace("{self}", self.user()).replace("{other}", other.user()));
      } catch (SQLException refused) {
        // Refused is as good as without effect.
      }

      assertThat(ask(connection, CASE)).isEqualTo(Refunds.CASE);
      assertThat(ask(connection, CASE_BY_TYPE)).isEqualTo(Refunds.CASE);
      assertThat(ask(connection, "SELECT string_agg(case_id, ',') FROM refunds.cases"))
          .isEqualTo(Refunds.CASE);
      assertThat(ask(connection, "SELECT session_user")).isEqualTo(self.user());
    }
    try (var later = refunds.connect(self)) {
      assertThat(ask(later, CASE)).isEqualTo(Refunds.CASE);
    } catch (SQLException itself) {
      assertThat(itself.getMessage()).contains("permission denied to set role");
    }
    assertThat(refunds.revoke(self.lease(), "gateway").status()).isEqualTo(204);
    assertThat(refunds.revoke(other.lease(), "gateway").status()).isEqualTo(204);
  }

  @Test
  void H11_staysBoundEvenWhenARoleIsNestedInAnother() throws SQLException {
    Login self = login(Refunds.CASE);
    Login other = login(OTHER);
    superuser("GRANT " + other.user() + " TO " + self.user() + " WITH INHERIT TRUE, SET TRUE");
    try (var connection = refunds.connect(self)) {
      run(connection, "SET ROLE " + other.user());

      assertThat(ask(connection, "SELECT current_user")).isEqualTo(other.user());
      assertThat(ask(connection, CASE)).isEqualTo(Refunds.CASE);
      assertThat(ask(connection, CASE_BY_TYPE)).isEqualTo(Refunds.CASE);
      assertThat(ask(connection, "SELECT string_agg(case_id, ',') FROM refunds.cases"))
          .isEqualTo(Refunds.CASE);
    }
  }

  @Test
  void H11_staysBoundInsideAFunctionThatRunsAsSomebodyElse() throws SQLException {
    superuser(
        "CREATE OR REPLACE FUNCTION refunds.as_owner() RETURNS text LANGUAGE sql SECURITY DEFINER"
            + " AS $$ SELECT countersign.request_text('operationDetails.caseId') $$;"
            + "GRANT EXECUTE ON FUNCTION refunds.as_owner() TO refunds_read");
    try (var connection = refunds.connect(login(Refunds.CASE))) {
      assertThat(ask(connection, "SELECT refunds.as_owner()")).isEqualTo(Refunds.CASE);
    } finally {
      superuser("DROP FUNCTION refunds.as_owner()");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-c search_path=pg_temp,public -c row_security=off",
        "-c role=refunds_owner",
        "-c session_authorization=postgres",
        "-c application_name=cs_0000000000000000 -c statement_timeout=0",
        "-c session_replication_role=replica",
        "-c is_superuser=on",
      })
  void H11_staysBoundWhateverItsClientAsksForAtTheStart(String options) throws SQLException {
    Login login = login(Refunds.CASE);
    try (var connection = connect(login, options)) {
      assertThat(ask(connection, CASE)).isEqualTo(Refunds.CASE);
      try {
        assertThat(ask(connection, "SELECT string_agg(case_id, ',') FROM refunds.cases"))
            .isEqualTo(Refunds.CASE);
      } catch (SQLException refused) {
        assertThat(refused.getMessage()).contains("row-level security");
      }
    } catch (SQLException notEvenIn) {
      assertThat(notEvenIn.getSQLState()).isIn("42501", "22023", "55P02");
    }
  }

  @Test
  void H08_theBrokersTimeEndsALoginWhoseClientSwitchedEveryTimeOutOff() throws SQLException {
    Login login = login(Refunds.CASE);
    String options =
        "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0";
    try (var connection = connect(login, options)) {
      connection.setAutoCommit(false);
      ask(connection, "SELECT 1");

      assertThat(refunds.revoke(login.lease(), "gateway").status()).isEqualTo(204);

      assertThatThrownBy(() -> ask(connection, "SELECT 1")).isInstanceOf(SQLException.class);
    }
    assertThat(refunds.exists(login)).isFalse();
  }

  @Test
  void H01_D17_keepsHostileTextAsText() throws SQLException {
    String hostile = "x'; DROP ROLE refunds_read; --\\\"{{name}}%s${env}";
    var claims = refunds.claims(Refunds.findCase(hostile));
    claims.put("jti", hostile);
    Login login = Login.of(refunds.mint(refunds.sign(claims)));
    try (var connection = refunds.connect(login)) {
      assertThat(ask(connection, CASE)).isEqualTo(hostile);
      assertThat(ask(connection, "SELECT countersign.request_jti()")).isEqualTo(hostile);
      assertThat(ask(connection, "SELECT count(*) FROM refunds.cases")).isEqualTo("0");
    }
    assertThat(refunds.ask("SELECT count(*) FROM pg_roles WHERE rolname = 'refunds_read'"))
        .isEqualTo("1");
  }

  @Test
  void aMemberThatIsNotThereMatchesNothing() throws SQLException {
    try (var connection = refunds.connect(refunds.login(Refunds.caseRequest("find_case")))) {
      assertThat(ask(connection, CASE)).isEqualTo("null");
      assertThat(ask(connection, "SELECT count(*) FROM refunds.cases")).isEqualTo("0");
    }
  }

  private static Connection connect(Login login, String options) throws SQLException {
    DatabaseSettings settings = refunds.owner.as(login.user(), login.password());
    var properties = new Properties();
    properties.setProperty("user", settings.user());
    properties.setProperty("password", settings.password().reveal());
    properties.setProperty("options", options);
    return DriverManager.getConnection(settings.url(), properties);
  }
}
