package dev.countersign.broker.box;

import static dev.countersign.broker.box.Refunds.ask;
import static dev.countersign.broker.box.Refunds.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.broker.box.Refunds.Login;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// A token with several elements: each opens what it names, once, and nothing of another.
class SeveralElementsTest {
  private static final String REFUND = "'urn:smt:agent:refund'";
  private static final String NOTE = "'urn:smt:agent:case'";
  private static final String CREDIT = "INSERT INTO pair.credits VALUES ('%s', %d)";
  private static final String REMARK = "INSERT INTO pair.remarks VALUES ('%s')";
  private static final String USED = "used before";

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
  void makeTheTables() throws SQLException {
    try (var connection = Refunds.connect(refunds.owner)) {
      run(
          connection,
          """
          DROP SCHEMA IF EXISTS pair CASCADE;
          CREATE SCHEMA pair;
          CREATE TABLE pair.credits (case_id text, amount bigint, jti text);
          CREATE TABLE pair.remarks (case_id text, jti text);
          GRANT USAGE ON SCHEMA pair TO refunds_read, refunds_write;
          GRANT INSERT ON pair.credits TO refunds_write;
          GRANT INSERT ON pair.remarks TO refunds_read;
          ALTER TABLE pair.credits ENABLE ROW LEVEL SECURITY;
          ALTER TABLE pair.remarks ENABLE ROW LEVEL SECURITY;
          CREATE POLICY credit ON pair.credits FOR INSERT TO refunds_write WITH CHECK (
            case_id = (SELECT countersign.request_text(
              'operationDetails.creditorAccount.identification', 'urn:smt:agent:refund'))
            AND amount = (SELECT countersign.request_amount(
              'urn:smt:agent:refund', 'process_refund')));
          CREATE POLICY remark ON pair.remarks FOR INSERT TO refunds_read WITH CHECK (
            case_id = (SELECT countersign.request_text(
              'operationDetails.caseId', 'urn:smt:agent:case', 'find_case')));
          CREATE TRIGGER once BEFORE INSERT ON pair.credits FOR EACH ROW
            EXECUTE FUNCTION countersign.consume('jti', 'urn:smt:agent:refund');
          CREATE TRIGGER once BEFORE INSERT ON pair.remarks FOR EACH ROW
            EXECUTE FUNCTION countersign.consume('jti', 'urn:smt:agent:case', 'find_case');
          """);
    }
  }

  private static ObjectNode refund() {
    return Refunds.refund(Refunds.CASE, 8000);
  }

  private static ObjectNode remark() {
    return Refunds.findCase("R-884-2234");
  }

  @Test
  void eachElementLetsItsOwnRowInOnce() throws SQLException {
    try (var connection = refunds.connect(refunds.login(refund(), remark()))) {
      run(connection, CREDIT.formatted(Refunds.CASE, 8000));
      run(connection, REMARK.formatted("R-884-2234"));

      assertThatThrownBy(() -> run(connection, CREDIT.formatted(Refunds.CASE, 8000)))
          .hasMessageContaining(USED);
      assertThatThrownBy(() -> run(connection, REMARK.formatted("R-884-2234")))
          .hasMessageContaining(USED);
    }
    assertThat(
            refunds.ask(
                "SELECT count(DISTINCT jti) || ' ' || count(*) FROM (SELECT jti FROM pair.credits"
                    + " UNION ALL SELECT jti FROM pair.remarks) r"))
        .isEqualTo("1 2");
  }

  @Test
  void noElementLetsInWhatAnotherNames() throws SQLException {
    try (var connection = refunds.connect(refunds.login(refund(), remark()))) {
      for (String sql :
          new String[] {
            CREDIT.formatted("R-884-2234", 8000),
            CREDIT.formatted(Refunds.CASE, 8001),
            REMARK.formatted(Refunds.CASE),
            "INSERT INTO pair.remarks VALUES ('R-884-2234'), ('R-884-2234')",
          }) {
        assertThatThrownBy(() -> run(connection, sql)).as(sql).isInstanceOf(SQLException.class);
      }
      run(connection, CREDIT.formatted(Refunds.CASE, 8000));
    }
    assertThat(refunds.ask("SELECT count(*) FROM pair.remarks")).isEqualTo("0");
  }

  @Test
  void F01_aSecondSessionWaitsForTheFirstAndGetsNothingOfTheSameElement() throws Exception {
    Login login = refunds.login(refund(), remark());
    try (var first = refunds.connect(login);
        var second = refunds.connect(login)) {
      first.setAutoCommit(false);
      run(first, CREDIT.formatted(Refunds.CASE, 8000));
      var waiting = CompletableFuture.supplyAsync(() -> outcome(second, CREDIT, Refunds.CASE));
      awaitLock();
      first.commit();

      assertThat(waiting.get(30, TimeUnit.SECONDS)).contains(USED);
      assertThat(outcome(second, REMARK, "R-884-2234")).isEqualTo("made");
    }
    assertThat(refunds.ask("SELECT count(*) FROM pair.credits")).isEqualTo("1");
  }

  @Test
  void F01_ofManySessionsOneGetsEachElement() throws Exception {
    Login login = refunds.login(refund(), remark());
    try (var first = refunds.connect(login);
        var second = refunds.connect(login)) {
      for (int attempt = 0; attempt < 10; attempt++) {
        var one = CompletableFuture.supplyAsync(() -> outcome(first, CREDIT, Refunds.CASE));
        var other = CompletableFuture.supplyAsync(() -> outcome(second, REMARK, "R-884-2234"));
        one.get(30, TimeUnit.SECONDS);
        other.get(30, TimeUnit.SECONDS);
      }
    }
    assertThat(refunds.ask("SELECT count(*) FROM pair.credits")).isEqualTo("1");
    assertThat(refunds.ask("SELECT count(*) FROM pair.remarks")).isEqualTo("1");
  }

  @Test
  void aRollbackGivesBackWhatItUsedAndNothingElse() throws SQLException {
    try (var connection = refunds.connect(refunds.login(refund(), remark()))) {
      run(connection, REMARK.formatted("R-884-2234"));
      connection.setAutoCommit(false);
      run(connection, CREDIT.formatted(Refunds.CASE, 8000));
      connection.rollback();
      run(connection, CREDIT.formatted(Refunds.CASE, 8000));
      var savepoint = connection.setSavepoint();
      assertThat(outcome(connection, REMARK, "R-884-2234")).contains(USED);
      connection.rollback(savepoint);
      connection.commit();
    }
    assertThat(refunds.ask("SELECT count(*) FROM pair.credits")).isEqualTo("1");
    assertThat(refunds.ask("SELECT count(*) FROM pair.remarks")).isEqualTo("1");
  }

  @Test
  void aTriggerWithoutTypeUsesUpWhatIsWholeOnly() throws SQLException {
    try (var connection = Refunds.connect(refunds.owner)) {
      run(
          connection,
          "CREATE OR REPLACE TRIGGER once BEFORE INSERT ON pair.remarks FOR EACH ROW"
              + " EXECUTE FUNCTION countersign.consume('jti')");
    }
    try (var connection = refunds.connect(refunds.login(refund(), remark()))) {
      run(connection, CREDIT.formatted(Refunds.CASE, 8000));
      assertThat(outcome(connection, REMARK, "R-884-2234")).contains(USED);
    }
    try (var connection = refunds.connect(refunds.login(refund(), remark()))) {
      run(connection, REMARK.formatted("R-884-2234"));
      assertThat(outcome(connection, CREDIT, Refunds.CASE)).contains(USED);
    }
  }

  @Test
  void theExamplesOwnPoliciesTakeARefundBesideAnotherElement() throws SQLException {
    String insert =
        "INSERT INTO refunds.refunds (case_id, amount, currency) VALUES ('%s', %d, 'USD')";
    try (var connection = refunds.connect(refunds.login(refund(), remark()))) {
      assertThatThrownBy(() -> run(connection, insert.formatted("R-884-2234", 8000)))
          .isInstanceOf(SQLException.class);
      assertThat(ask(connection, "SELECT string_agg(case_id, ',' ORDER BY 1) FROM refunds.cases"))
          .isEqualTo(Refunds.CASE + ",R-884-2234");
      run(connection, insert.formatted(Refunds.CASE, 8000));
      assertThatThrownBy(() -> run(connection, insert.formatted(Refunds.CASE, 8000)))
          .hasMessageContaining(USED);
    }
    assertThat(refunds.ask("SELECT count(*) FROM refunds.refunds")).isEqualTo("1");
  }

  private static String outcome(Connection connection, String sql, String caseId) {
    try {
      run(connection, sql.formatted(caseId, 8000));
      return "made";
    } catch (SQLException refused) {
      return String.valueOf(refused.getMessage());
    }
  }

  private static void awaitLock() {
    for (int looks = 0; looks < 10_000; looks++) {
      if (refunds
          .ask(
              "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname ="
                  + " current_database()")
          .equals("1")) {
        return;
      }
    }
    throw new AssertionError("the second session does not wait");
  }

  @Test
  void twoElementsOfOneKindAreNobodysGuess() throws SQLException {
    ObjectNode other = Refunds.refund("R-884-2234", 1);
    try (var connection = refunds.connect(refunds.login(refund(), other))) {
      assertThat(ask(connection, "SELECT countersign.request_of(" + REFUND + ")"))
          .isEqualTo("null");
      assertThat(ask(connection, "SELECT countersign.request_of(" + REFUND + ", 'process_refund')"))
          .isEqualTo("null");
      assertThatThrownBy(() -> run(connection, CREDIT.formatted(Refunds.CASE, 8000)))
          .isInstanceOf(SQLException.class);
    }
  }

  @Test
  void anActionTellsTwoElementsOfOneTypeApart() throws SQLException {
    try (var connection =
        refunds.connect(refunds.login(remark(), Refunds.caseRequest("list_cases")))) {
      assertThat(
              ask(
                  connection,
                  "SELECT countersign.request_of("
                      + NOTE
                      + ", 'find_case')"
                      + " #>> '{operationDetails,caseId}'"))
          .isEqualTo("R-884-2234");
      assertThat(ask(connection, "SELECT countersign.request_of(" + NOTE + ")")).isEqualTo("null");
      run(connection, REMARK.formatted("R-884-2234"));
    }
  }

  @Test
  void aSingleElementIsFoundByItsTypeAndByNoOther() throws SQLException {
    try (var connection = refunds.connect(refunds.login(refund()))) {
      assertThat(ask(connection, "SELECT countersign.request_amount(" + REFUND + ")"))
          .isEqualTo("8000");
      assertThat(ask(connection, "SELECT countersign.request_amount(" + NOTE + ")"))
          .isEqualTo("null");
      assertThat(ask(connection, "SELECT countersign.request_of(" + REFUND + ", NULL)"))
          .isEqualTo("null");
      assertThatThrownBy(() -> ask(connection, "SELECT * FROM countersign.approved_element"))
          .hasMessageContaining("permission denied");
    }
  }
}
