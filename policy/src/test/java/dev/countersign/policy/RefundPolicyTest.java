package dev.countersign.policy;

import static dev.countersign.policy.Outcome.DENY;
import static dev.countersign.policy.Outcome.KILL;
import static dev.countersign.policy.Outcome.PERMIT;
import static dev.countersign.policy.Outcome.STEP_UP;
import static dev.countersign.policy.Refunds.ask;
import static dev.countersign.policy.Refunds.caseRequest;
import static dev.countersign.policy.Refunds.refund;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// The policy of the refunds example: own limit 50.00 USD, hard cap 2,000.00 USD.
class RefundPolicyTest {
  private static final Map<String, String> NOBODY_KNOWS = Map.of();

  /// One row per side of each edge.
  static final List<Row> TABLE =
      List.of(
          new Row("one cent", limit("5000"), List.of(refund("1")), PERMIT),
          new Row("one cent below the limit", limit("5000"), List.of(refund("4999")), PERMIT),
          new Row("at the limit", limit("5000"), List.of(refund("5000")), PERMIT),
          new Row("one cent above the limit", limit("5000"), List.of(refund("5001")), STEP_UP),
          new Row("at the hard cap", limit("5000"), List.of(refund("200000")), STEP_UP),
          new Row("one cent above the cap", limit("5000"), List.of(refund("200001")), KILL),
          new Row("far above the cap", limit("5000"), List.of(refund("1000000000000")), KILL),
          new Row("a limit of nothing", limit("0"), List.of(refund("1")), STEP_UP),
          new Row(
              "above a limit that is above the cap",
              limit("900000"),
              List.of(refund("200001")),
              KILL),
          new Row("no limit known", NOBODY_KNOWS, List.of(refund("1")), DENY),
          new Row("no limit known, above the cap", NOBODY_KNOWS, List.of(refund("200001")), KILL),
          new Row("the limit is text", limit("\"5000\""), List.of(refund("1")), DENY),
          new Row("the limit has a fraction", limit("5000.0"), List.of(refund("1")), DENY),
          new Row("the limit has an exponent", limit("5e3"), List.of(refund("1")), DENY),
          new Row("the limit is true", limit("true"), List.of(refund("1")), DENY),
          new Row("the limit is null", limit("null"), List.of(refund("1")), DENY),
          new Row("the limit is a list", limit("[5000]"), List.of(refund("1")), DENY),
          new Row("the limit is negative", limit("-1"), List.of(refund("1")), DENY),
          new Row("the limit is beyond belief", limit("1000001"), List.of(refund("1")), DENY),
          new Row(
              "the limit is beyond 64 bits",
              limit("18446744073709556616"),
              List.of(refund("1")),
              DENY),
          new Row("euros", limit("5000"), List.of(refund("1", "EUR", "R-884-2233")), DENY),
          new Row("yen", limit("5000"), List.of(refund("200001", "JPY", "R-884-2233")), DENY),
          new Row(
              "D11 one small, one huge",
              limit("5000"),
              List.of(refund("1"), refund("200001")),
              KILL),
          new Row(
              "D11 one huge, one small",
              limit("5000"),
              List.of(refund("200001"), refund("1")),
              KILL),
          new Row("D11 split in two", limit("5000"), List.of(refund("5000"), refund("5000")), DENY),
          new Row("a refund and a case", limit("5000"), List.of(refund("1"), find()), PERMIT),
          new Row(
              "a large refund and a case", limit("5000"), List.of(find(), refund("5001")), STEP_UP),
          new Row("find a case", NOBODY_KNOWS, List.of(find()), PERMIT),
          new Row(
              "list cases",
              NOBODY_KNOWS,
              List.of(caseRequest("\"action\":\"list_cases\"")),
              PERMIT),
          new Row("export customers", limit("5000"), List.of(export()), DENY),
          new Row("a case and an export", limit("5000"), List.of(find(), export()), DENY),
          new Row(
              "an export and a kill", limit("5000"), List.of(export(), refund("200001")), KILL));

  @ParameterizedTest(name = "{0}")
  @FieldSource("TABLE")
  void decidesByTheTable(Row row) {
    AccessRequest request = ask(row.attributes(), row.elements().toArray(String[]::new));
    Refunds.TYPES.check(request.details());

    assertThat(Refunds.POLICY.decide(request).outcome()).isEqualTo(row.outcome());
  }

  @Test
  void namesTheRuleAndTheValuesItRead() {
    Decision decision = Refunds.POLICY.decide(ask(refund("8000")));

    assertThat(decision.reason()).isEqualTo("the amount is above your own refund limit");
    assertThat(decision.policyVersion()).isEqualTo(Refunds.POLICY.version());
    assertThat(decision.matches().getFirst().json().toString())
        .isEqualTo(
            "{\"rule\":\"refund-above-limit\",\"outcome\":\"step_up\",\"element\":0,"
                + "\"reason\":\"the amount is above your own refund limit\",\"values\":{"
                + "\"request.operationDetails.instructedAmount.amount\":8000,"
                + "\"request.operationDetails.instructedAmount.currency\":\"USD\","
                + "\"subject.refund_limit\":5000}}");
  }

  @Test
  void B14_saysWhichAttributeIsMissing() {
    Decision decision = Refunds.POLICY.decide(ask(NOBODY_KNOWS, refund("1")));

    assertThat(decision.reason()).isEqualTo("the person's `refund_limit` is missing");
    assertThat(decision.matches())
        .extracting(Match::rule)
        .containsExactly("refund-above-limit", "refund-within-limit");
  }

  @Test
  void tellsOfEveryElementWhatWasSaidAboutIt() {
    Decision decision = Refunds.POLICY.decide(ask(find(), refund("8000")));

    assertThat(decision.matches())
        .extracting(Match::rule, Match::element)
        .containsExactly(tuple("refund-above-limit", 1), tuple("read-cases", 0));
  }

  @Test
  void readsExactlyTheRefundLimit() {
    assertThat(Refunds.POLICY.attributes()).containsExactly("refund_limit");
  }

  private static String find() {
    return caseRequest("\"action\":\"find_case\",\"caseId\":\"R-884-2233\"");
  }

  private static String export() {
    return caseRequest("\"action\":\"export_customers\"");
  }

  private static Map<String, String> limit(String value) {
    return Map.of("refund_limit", value);
  }

  record Row(String name, Map<String, String> attributes, List<String> elements, Outcome outcome) {
    @Override
    public String toString() {
      return name;
    }
  }
}
