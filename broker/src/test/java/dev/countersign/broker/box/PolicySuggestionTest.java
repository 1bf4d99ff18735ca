package dev.countersign.broker.box;

import static dev.countersign.broker.box.Refunds.ask;
import static dev.countersign.broker.box.Refunds.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.TestState;
import dev.countersign.broker.SqlName;
import dev.countersign.broker.postgres.PolicySuggestion;
import dev.countersign.broker.postgres.PolicySuggestion.Access;
import dev.countersign.broker.postgres.PolicySuggestion.Condition;
import dev.countersign.broker.postgres.PolicySuggestion.Kind;
import dev.countersign.broker.postgres.TableFacts;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Suggested policies, run as they are and tried with logins in hand.
class PolicySuggestionTest {
  private static final String CASE = "operationDetails.creditorAccount.identification";
  private static final String AMOUNT = "operationDetails.instructedAmount.amount";
  private static final String CURRENCY = "operationDetails.instructedAmount.currency";
  private static final String CREDIT =
      "INSERT INTO shop.credits (case_id, amount, currency) VALUES ('%s', %d, 'USD')";

  @SuppressWarnings("NullAway.Init")
  private static Refunds refunds;

  @SuppressWarnings("NullAway.Init")
  private static DatabaseSettings clerk;

  @BeforeAll
  static void start() throws SQLException {
    refunds = Refunds.started();
    clerk = TestState.shared().settings("postgres", "shop_clerk");
    clerk = refunds.owner.as(clerk.user(), clerk.password());
  }

  @AfterAll
  static void stop() {
    refunds.close();
  }

  @BeforeEach
  void makeTheTable() throws SQLException {
    superuser(
        """
        DROP SCHEMA IF EXISTS shop CASCADE;
        CREATE SCHEMA shop;
        CREATE TABLE shop.credits (
            credit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            case_id text NOT NULL, amount bigint NOT NULL, currency varchar(3) NOT NULL,
            note text, jti text);
        GRANT USAGE ON SCHEMA shop TO refunds_read, refunds_write, shop_clerk;
        GRANT SELECT, INSERT, UPDATE, DELETE ON shop.credits TO shop_clerk;
        INSERT INTO shop.credits (case_id, amount, currency)
        VALUES ('R-884-2233', 100, 'USD'), ('R-884-2234', 100, 'USD');
        """);
  }

  private static void superuser(String sql) throws SQLException {
    try (var connection = Refunds.connect(refunds.owner)) {
      run(connection, sql);
    }
  }

  private static Condition condition(String column, String member, Kind kind) {
    return new Condition(facts().column(column).orElseThrow(), member, kind);
  }

  private static TableFacts facts() {
    return TableFacts.read(refunds.mintLogin, "shop", "credits").orElseThrow();
  }

  private static String suggest(Access access, Condition... conditions) {
    boolean isRefund = access != Access.READ;
    return new PolicySuggestion(
            facts(),
            access,
            isRefund ? "urn:smt:agent:refund" : "urn:smt:agent:case",
            isRefund ? "process_refund" : "find_case",
            new SqlName(isRefund ? "refunds_write" : "refunds_read"),
            List.of(conditions))
        .sql();
  }

  private static String insert() {
    return suggest(
        Access.INSERT,
        condition("case_id", CASE, Kind.MATCH),
        condition("amount", AMOUNT, Kind.AT_MOST),
        condition("currency", CURRENCY, Kind.MATCH));
  }

  private static Connection refundOf8000() throws SQLException {
    return refunds.connect(refunds.login(Refunds.refund(Refunds.CASE, 8000)));
  }

  @Test
  void anApprovedRefundOf8000InsertsOneRowOfAtMost8000Once() throws SQLException {
    superuser(insert());
    try (var connection = refundOf8000()) {
      assertThat(ask(connection, CREDIT.formatted(Refunds.CASE, 7999) + " RETURNING amount"))
          .isEqualTo("7999");
      assertThat(ask(connection, "SELECT count(*) FROM shop.credits")).isEqualTo("1");

      assertThatThrownBy(() -> run(connection, CREDIT.formatted(Refunds.CASE, 1)))
          .hasMessageContaining("used before");
    }
    assertThat(refunds.ask("SELECT count(*) FROM shop.credits WHERE jti IS NOT NULL"))
        .isEqualTo("1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "INSERT INTO shop.credits (case_id, amount, currency) VALUES ('R-884-2233', 8001, 'USD')",
        "INSERT INTO shop.credits (case_id, amount, currency) VALUES ('R-884-2233', 0, 'USD')",
        "INSERT INTO shop.credits (case_id, amount, currency) VALUES ('R-884-2233', -1, 'USD')",
        "INSERT INTO shop.credits (case_id, amount, currency) VALUES ('R-884-2234', 8000, 'USD')",
        "INSERT INTO shop.credits (case_id, amount, currency) VALUES ('R-884-2233', 8000, 'EUR')",
        "INSERT INTO shop.credits (case_id, amount, currency)"
            + " VALUES ('R-884-2233', 1, 'USD'), ('R-884-2233', 1, 'USD')",
        "INSERT INTO shop.credits (case_id, amount, currency, note)"
            + " VALUES ('R-884-2233', 8000, 'USD', 'x')",
        "WITH a AS (INSERT INTO shop.credits (case_id, amount, currency)"
            + " VALUES ('R-884-2233', 1, 'USD') RETURNING 1) INSERT INTO shop.credits"
            + " (case_id, amount, currency) SELECT 'R-884-2233', 1, 'USD' FROM a",
        "DO $$ BEGIN FOR i IN 1..2 LOOP INSERT INTO shop.credits (case_id, amount, currency)"
            + " VALUES ('R-884-2233', 1, 'USD'); END LOOP; END $$",
        "UPDATE shop.credits SET amount = 1",
        "DELETE FROM shop.credits",
        "TRUNCATE shop.credits",
        "ALTER TABLE shop.credits DISABLE TRIGGER USER",
      })
  void F09_refusesEveryOtherWrite(String sql) throws SQLException {
    superuser(insert());
    try (var connection = refundOf8000()) {
      assertThatThrownBy(() -> run(connection, sql)).isInstanceOf(SQLException.class);
    }
    assertThat(refunds.ask("SELECT count(*) FROM shop.credits")).isEqualTo("2");
  }

  @Test
  void readsTheRowsOfItsOwnCaseOnly() throws SQLException {
    superuser(suggest(Access.READ, condition("case_id", "operationDetails.caseId", Kind.MATCH)));
    try (var connection = refunds.connect(refunds.login(Refunds.findCase(Refunds.CASE)))) {
      assertThat(ask(connection, "SELECT string_agg(case_id, ',') FROM shop.credits"))
          .isEqualTo(Refunds.CASE);
    }
    try (var connection = refunds.connect(refunds.login(Refunds.caseRequest("list_cases")))) {
      assertThat(ask(connection, "SELECT count(*) FROM shop.credits")).isEqualTo("0");
    }
  }

  @Test
  void updatesTheApprovedRowToTheApprovedValueOnce() throws SQLException {
    superuser(
        suggest(
            Access.UPDATE,
            condition("case_id", CASE, Kind.MATCH),
            condition("amount", AMOUNT, Kind.SET)));
    try (var connection = refundOf8000()) {
      assertThatThrownBy(() -> run(connection, "UPDATE shop.credits SET amount = 7999"))
          .isInstanceOf(SQLException.class);
      assertThatThrownBy(() -> run(connection, "UPDATE shop.credits SET case_id = 'R-884-2234'"))
          .isInstanceOf(SQLException.class);

      run(connection, "UPDATE shop.credits SET amount = 8000");

      assertThatThrownBy(() -> run(connection, "UPDATE shop.credits SET amount = 8000"))
          .hasMessageContaining("used before");
    }
    assertThat(refunds.ask("SELECT string_agg(case_id, ',') FROM shop.credits WHERE amount = 8000"))
        .isEqualTo(Refunds.CASE);
  }

  @Test
  void deletesTheApprovedRowAndNoOther() throws SQLException {
    superuser(suggest(Access.DELETE, condition("case_id", CASE, Kind.MATCH)));
    try (var connection = refundOf8000()) {
      run(connection, "DELETE FROM shop.credits");
    }
    assertThat(refunds.ask("SELECT string_agg(case_id, ',') FROM shop.credits"))
        .isEqualTo("R-884-2234");
  }

  @Test
  void keepsWhoUsedTheTableBeforeAtWork() throws SQLException {
    superuser(insert());
    try (var connection = Refunds.connect(clerk)) {
      run(connection, CREDIT.formatted("R-884-2235", 5));
      run(connection, "UPDATE shop.credits SET amount = 6");
      assertThat(ask(connection, "SELECT count(*) FROM shop.credits WHERE amount = 6"))
          .isEqualTo("3");
    }
  }

  @Test
  void isTheSameTheSecondTime() throws SQLException {
    String script = insert();
    superuser(script);
    superuser(script);

    try (var connection = refundOf8000()) {
      run(connection, CREDIT.formatted(Refunds.CASE, 8000));
    }
  }

  @Test
  void letsTwoKindsOfRequestsShareATableByUsingUpTheWholeToken() throws SQLException {
    superuser(
        "CREATE TRIGGER a_consume_refunds_write BEFORE INSERT ON shop.credits FOR EACH ROW"
            + " EXECUTE FUNCTION countersign.consume('jti', 'urn:smt:agent:refund', 'other')");
    String script = insert();
    superuser(script);

    assertThat(script).contains("countersign.consume('jti')", "uses up the whole token");
    try (var connection = refundOf8000()) {
      run(connection, CREDIT.formatted(Refunds.CASE, 8000));
      assertThatThrownBy(() -> run(connection, CREDIT.formatted(Refunds.CASE, 8000)))
          .hasMessageContaining("used before");
    }
  }

  @Test
  void saysWhatMakesItWeak() throws SQLException {
    superuser(
        "GRANT SELECT ON shop.credits TO PUBLIC;"
            + "CREATE POLICY open_door ON shop.credits USING (true);"
            + "DELETE FROM shop.credits;"
            + "ALTER TABLE shop.credits ALTER COLUMN note SET NOT NULL, DROP COLUMN jti");

    assertThat(insert())
        .contains("Already there: open_door", "PUBLIC has rights on this table")
        .contains("MISSING: no member of the request fills note", "ADD COLUMN jti");
  }

  @Test
  void refusesToSuggestNothing() {
    assertThatThrownBy(() -> suggest(Access.READ)).hasMessageContaining("--match");
    assertThatThrownBy(() -> suggest(Access.UPDATE, condition("case_id", CASE, Kind.MATCH)))
        .hasMessageContaining("--set");
    assertThatThrownBy(() -> suggest(Access.UPDATE, condition("amount", AMOUNT, Kind.SET)))
        .hasMessageContaining("which row");
  }

  @Test
  void H01_neverWritesWhatCouldEndItsLiteral() {
    assertThatThrownBy(() -> condition("case_id", "a'); DROP TABLE x; --", Kind.MATCH))
        .hasMessageContaining("letters, digits");
    String script =
        new PolicySuggestion(
                facts(),
                Access.READ,
                "it's",
                "a'b",
                new SqlName("refunds_read"),
                List.of(condition("case_id", CASE, Kind.MATCH)))
            .sql();

    assertThat(script).contains("'it''s', 'a''b'");
  }
}
