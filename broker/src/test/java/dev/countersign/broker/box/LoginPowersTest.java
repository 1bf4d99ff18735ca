package dev.countersign.broker.box;

import static dev.countersign.broker.box.Refunds.ask;
import static dev.countersign.broker.box.Refunds.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.box.TestState;
import dev.countersign.broker.box.Refunds.Login;
import dev.countersign.protocol.Secret;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// What a stolen login can do, tried with the login in hand, over PostgreSQL's own wire.
class LoginPowersTest {
  private static final String INSERT =
      "INSERT INTO refunds.refunds (case_id, amount, currency) VALUES ('%s', %d, '%s')";
  private static final String APPROVED = INSERT.formatted(Refunds.CASE, 8000, "USD");
  private static final String NOT_ALLOWED = "42501";
  private static final String USED = "the approved request was used before";

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

  @BeforeEach
  void empty() throws SQLException {
    refunds.pass(Duration.ofMinutes(6));
    refunds.broker().sweeper().sweep();
    try (var connection = Refunds.connect(refunds.owner)) {
      run(connection, "SET session_replication_role = replica");
      run(connection, "DELETE FROM refunds.refunds");
      run(connection, "UPDATE refunds.cases SET refunded = 0, status = 'open'");
    }
  }

  private static Connection refundLogin() throws SQLException {
    return refunds.connect(refunds.login(Refunds.refund(Refunds.CASE, 8000)));
  }

  private static Connection caseLogin() throws SQLException {
    return refunds.connect(refunds.login(Refunds.findCase(Refunds.CASE)));
  }

  private static void assertRefused(Connection connection, String sql) {
    assertThatThrownBy(() -> run(connection, sql))
        .isInstanceOfSatisfying(
            SQLException.class,
            refused -> assertThat(refused.getSQLState()).as(sql).isEqualTo(NOT_ALLOWED));
  }

  private static String refundCount() {
    return refunds.ask("SELECT count(*) FROM refunds.refunds");
  }

  @Test
  void makesTheApprovedRefundAndLeavesTheJtiInTheRow() throws SQLException {
    Login login = refunds.login(Refunds.refund(Refunds.CASE, 8000));
    try (var connection = refunds.connect(login)) {
      assertThat(ask(connection, APPROVED + " RETURNING refund_id")).isNotEmpty();
      assertThat(ask(connection, "SELECT amount FROM refunds.refunds")).isEqualTo("8000");
      assertThat(ask(connection, "SELECT refunded FROM refunds.cases")).isEqualTo("8000");
    }
    String jti = refunds.ask("SELECT jti FROM refunds.refunds");
    assertThat(refunds.ledger)
        .anySatisfy(entry -> {
          assertThat(entry.jti()).isEqualTo(jti);
          assertThat(entry.data().path("user").stringValue()).isEqualTo(login.user());
        });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "INSERT INTO refunds.refunds (case_id, amount, currency) VALUES ('R-884-2233', 8001, 'USD')",
        "INSERT INTO refunds.refunds (case_id, amount, currency) VALUES ('R-884-2233', 7999, 'USD')",
        "INSERT INTO refunds.refunds (case_id, amount, currency) VALUES ('R-884-2234', 8000, 'USD')",
        "INSERT INTO refunds.refunds (case_id, amount, currency) VALUES ('R-884-2233', 8000, 'EUR')",
        "INSERT INTO refunds.refunds (case_id, amount, currency, jti)"
            + " VALUES ('R-884-2233', 8000, 'USD', 'x')",
        "INSERT INTO refunds.refunds (case_id, amount, currency)"
            + " VALUES ('R-884-2233', 8000, 'USD'), ('R-884-2233', 8000, 'USD')",
        "UPDATE refunds.refunds SET amount = 1",
        "DELETE FROM refunds.refunds",
        "TRUNCATE refunds.refunds",
        "UPDATE refunds.cases SET paid = 1",
        "SELECT * FROM refunds.customers",
        "SELECT customer_id FROM refunds.cases",
        "SELECT * FROM countersign.approved_request",
        "UPDATE countersign.approved_request SET used_at = NULL",
        "INSERT INTO countersign.approved_request VALUES (session_user, 'x', '{}', now())",
        "SELECT refunds.latest_cases()",
        "SET ROLE refunds_write",
        "SET ROLE refunds_owner",
        "SET SESSION AUTHORIZATION refunds_owner",
        "SET session_replication_role = replica",
        "CREATE TABLE public.mine (a int)",
        "CREATE TABLE refunds.mine (a int)",
        "CREATE TEMPORARY TABLE approved_request (a int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'x')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "COPY (SELECT 1) TO '/tmp/x'",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT rolpassword FROM pg_authid",
        "ALTER TABLE refunds.refunds DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE refunds.refunds DISABLE TRIGGER ALL",
        "DROP POLICY the_approved_refund ON refunds.refunds",
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
      })
  void D12_refusesEverythingButTheApprovedRefund(String sql) throws SQLException {
    try (var connection = refundLogin()) {
      assertRefused(connection, sql);
    }
    assertThat(refundCount()).isEqualTo("0");
  }

  @Test
  void refusesTheSameRefundASecondTime() throws SQLException {
    try (var connection = refundLogin()) {
      run(connection, APPROVED);

      assertThatThrownBy(() -> run(connection, APPROVED)).hasMessageContaining(USED);
    }
    assertThat(refundCount()).isEqualTo("1");
  }

  @Test
  void refusesASecondRefundInAParallelSession() throws Exception {
    Login login = refunds.login(Refunds.refund(Refunds.CASE, 8000));
    try (var first = refunds.connect(login);
        var second = refunds.connect(login)) {
      first.setAutoCommit(false);
      run(first, APPROVED);
      var waiting =
          CompletableFuture.supplyAsync(() -> {
            try {
              run(second, APPROVED);
              return "made";
            } catch (SQLException refused) {
              return String.valueOf(refused.getMessage());
            }
          });
      first.commit();

      assertThat(waiting.get()).contains(USED);
    }
    assertThat(refundCount()).isEqualTo("1");
  }

  @Test
  void mayTryAgainAfterARollback() throws SQLException {
    try (var connection = refundLogin()) {
      connection.setAutoCommit(false);
      run(connection, APPROVED);
      connection.rollback();
      run(connection, APPROVED);
      connection.commit();
    }
    assertThat(refundCount()).isEqualTo("1");
  }

  @Test
  void refusesMoreThanWasPaid() throws SQLException {
    try (var connection = refunds.connect(refunds.login(Refunds.refund(Refunds.CASE, 64_901)))) {
      assertThatThrownBy(() -> run(connection, INSERT.formatted(Refunds.CASE, 64_901, "USD")))
          .hasMessageContaining("no_more_than_was_paid");
    }
    assertThat(refundCount()).isEqualTo("0");
  }

  @Test
  void refusesAnAmountThatIsNoWholeNumber() throws SQLException {
    var request = Refunds.refund(Refunds.CASE, 0);
    ((ObjectNode) request.path("operationDetails").path("instructedAmount"))
        .put("amount", new BigDecimal("8000.4"));
    try (var connection = refunds.connect(refunds.login(request))) {
      assertThatThrownBy(() -> run(connection, APPROVED)).isInstanceOf(SQLException.class);
    }
    assertThat(refundCount()).isEqualTo("0");
  }

  @Test
  void seesOnlyItsOwnCaseWhenRefunding() throws SQLException {
    try (var connection = refundLogin()) {
      assertThat(ask(connection, "SELECT string_agg(case_id, ',') FROM refunds.cases"))
          .isEqualTo(Refunds.CASE);
    }
  }

  @Test
  void findsOneCaseAndNoOther() throws SQLException {
    try (var connection = caseLogin()) {
      assertThat(ask(connection, "SELECT string_agg(case_id, ',') FROM refunds.cases"))
          .isEqualTo(Refunds.CASE);
      assertRefused(connection, APPROVED);
      assertRefused(connection, "SELECT * FROM refunds.customers");
      assertRefused(connection, "SELECT * FROM refunds.refunds");
    }
  }

  @Test
  void listsTheLatestCasesOnly() throws SQLException {
    refunds.ask(
        "WITH made AS (INSERT INTO refunds.cases (case_id, customer_id, customer, product,"
            + " currency, paid, representative, opened_at)"
            + " SELECT 'R-100-' || n, 1, 'x', 'x', 'USD', 100, 'maya', '2020-01-01'"
            + " FROM generate_series(1000, 1029) n ON CONFLICT DO NOTHING RETURNING 1)"
            + " SELECT count(*) FROM made");
    try (var connection = refunds.connect(refunds.login(Refunds.caseRequest("list_cases")))) {
      assertThat(ask(connection, "SELECT count(*) FROM refunds.cases")).isEqualTo("20");
      assertThat(ask(connection, "SELECT count(*) FROM refunds.cases WHERE case_id = 'R-884-2233'"))
          .isEqualTo("1");
      assertRefused(connection, "SELECT email FROM refunds.customers");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SET search_path = public, refunds",
        "SET search_path = pg_temp, public",
        "SET row_security = off",
        "SET session_authorization = DEFAULT",
        "SET application_name = 'cs_0000000000000000'",
        "SET countersign.request = '{}'",
        "SET statement_timeout = 0",
        "ALTER ROLE SESSION_USER SET search_path = public",
      })
  void staysBoundWhateverItSets(String setting) throws SQLException {
    try (var connection = caseLogin()) {
      try {
        run(connection, setting);
      } catch (SQLException refused) {
        // Refused is as good as without effect.
      }

      assertThat(otherCases(connection)).isIn("0", "refused");
    }
  }

  private static String otherCases(Connection connection) {
    try {
      return ask(
          connection, "SELECT count(*) FROM refunds.cases WHERE case_id <> '" + Refunds.CASE + "'");
    } catch (SQLException refused) {
      return "refused";
    }
  }

  @Test
  void doesNotLiveLongerWithAPasswordOfItsOwn() throws SQLException {
    Login login = refunds.login(Refunds.refund(Refunds.CASE, 8000));
    try (var connection = refunds.connect(login)) {
      run(connection, "ALTER ROLE " + login.user() + " PASSWORD 'known-to-the-thief'");
      assertRefused(connection, "ALTER ROLE " + login.user() + " VALID UNTIL 'infinity'");
      assertRefused(connection, "ALTER ROLE " + login.user() + " CONNECTION LIMIT 100");
      timeIsOver(login);

      assertThat(ask(connection, "SELECT countersign.request() IS NULL")).isEqualTo("t");
      assertThatThrownBy(() -> run(connection, APPROVED))
          .hasMessageContaining("there is no approved request");
    }
    var stolen = refunds.owner.as(login.user(), new Secret("known-to-the-thief"));
    assertThatThrownBy(() -> Refunds.connect(stolen))
        .hasMessageContaining("password authentication failed");
    assertThat(refundCount()).isEqualTo("0");
  }

  // As if the five minutes were over by PostgreSQL's clock while the broker, which would end the
  // session, is still asleep.
  private static void timeIsOver(Login login) throws SQLException {
    try (var connection = Refunds.connect(refunds.owner)) {
      run(connection, "ALTER ROLE " + login.user() + " VALID UNTIL '2020-01-01'");
      run(
          connection,
          "UPDATE countersign.approved_request SET expires_at = '2020-01-01' WHERE role_name = '"
              + login.user()
              + "'");
    }
  }

  @Test
  void mayNotHaveMoreThanTwoConnections() throws SQLException {
    Login login = refunds.login(Refunds.findCase(Refunds.CASE));
    try (var first = refunds.connect(login);
        var second = refunds.connect(login)) {
      assertThat(first.isValid(1)).isTrue();
      assertThat(second.isValid(1)).isTrue();
      assertThatThrownBy(() -> refunds.connect(login)).hasMessageContaining("too many connections");
    }
  }

  @Test
  void isNothingForALoginThatTheBrokerDidNotMint() throws SQLException {
    var stranger = TestState.shared().settings("postgres", "stranger");
    try (var connection = Refunds.connect(refunds.owner)) {
      run(connection, "GRANT refunds_write, refunds_read TO stranger");
    }
    try (var connection = Refunds.connect(refunds.owner.as(stranger.user(), stranger.password()))) {
      assertThat(ask(connection, "SELECT count(*) FROM refunds.cases")).isEqualTo("0");
      assertThatThrownBy(() -> run(connection, APPROVED))
          .hasMessageContaining("there is no approved request");
    } finally {
      try (var connection = Refunds.connect(refunds.owner)) {
        run(connection, "REVOKE refunds_write, refunds_read FROM stranger");
      }
    }
  }
}
