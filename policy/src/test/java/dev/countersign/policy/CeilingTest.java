package dev.countersign.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.config.ConfigException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

/// What an agent may do is what the rules allow the person, within the agent's ceiling, and no more
/// than it asks for.
class CeilingTest {
  private static final String POLICY =
      """
      ceilings:
        types-only: { types: ["urn:smt:agent:refund"] }
        one-tool: { actions: [list_cases] }
        small:
          maxima:
            urn:smt:agent:refund: { operationDetails.instructedAmount.amount: 1000 }
        office:
          hours: { days: [mon, tue, wed, thu, fri], from: "08:00", to: "18:00", zone: Europe/Berlin }
        night:
          hours: { days: [fri], from: "22:00", to: "06:00", zone: UTC }
        "*": { types: [] }
      rules:
        - name: refunds
          type: urn:smt:agent:refund
          when: request.operationDetails.instructedAmount.amount <= 5000
          then: permit
        - { name: cases, type: urn:smt:agent:case, when: "true", then: permit }
      """;
  private static final String REFUND = Refunds.refund("1000");
  private static final String CASES = Refunds.caseRequest("\"action\":\"list_cases\"");
  private static final String FIND =
      Refunds.caseRequest("\"action\":\"find_case\",\"caseId\":\"R-884-2233\"");
  private static final String MONDAY = "2026-01-05T12:00:00Z";

  @TempDir private Path folder;

  private Policy policy(String text) {
    return Policy.load(Refunds.write(folder, "policy.yaml", text), Refunds.TYPES);
  }

  /// One request.
  record Row(
      String name, String client, String actor, String at, List<String> elements, Outcome outcome) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Row row(String name, String agent, String at, String element, Outcome outcome) {
    return new Row(name, agent, agent, at, List.of(element), outcome);
  }

  static final List<Row> ROWS =
      List.of(
          row("a type within", "types-only", MONDAY, REFUND, Outcome.PERMIT),
          row("a type outside", "types-only", MONDAY, CASES, Outcome.DENY),
          row("a tool within", "one-tool", MONDAY, CASES, Outcome.PERMIT),
          row("a tool outside", "one-tool", MONDAY, FIND, Outcome.DENY),
          row("at the maximum", "small", MONDAY, REFUND, Outcome.PERMIT),
          row("one cent above", "small", MONDAY, Refunds.refund("1001"), Outcome.DENY),
          row("a type without a maximum", "small", MONDAY, CASES, Outcome.PERMIT),
          row("the rules' limit stays", "types-only", MONDAY, Refunds.refund("5001"), Outcome.DENY),
          row("before hours", "office", "2026-01-05T06:59:59Z", REFUND, Outcome.DENY),
          row("as hours begin", "office", "2026-01-05T07:00:00Z", REFUND, Outcome.PERMIT),
          row("as hours end", "office", "2026-01-05T17:00:00Z", REFUND, Outcome.DENY),
          row("in summer", "office", "2026-07-06T06:00:00Z", REFUND, Outcome.PERMIT),
          row("at the weekend", "office", "2026-01-04T12:00:00Z", REFUND, Outcome.DENY),
          row("Friday night", "night", "2026-01-02T23:00:00Z", REFUND, Outcome.PERMIT),
          row("its morning", "night", "2026-01-03T05:59:59Z", REFUND, Outcome.PERMIT),
          row("Saturday night", "night", "2026-01-03T23:00:00Z", REFUND, Outcome.DENY),
          row("everybody else", "new-agent", MONDAY, REFUND, Outcome.DENY),
          new Row(
              "one element outside of two",
              "types-only",
              "types-only",
              MONDAY,
              List.of(REFUND, CASES),
              Outcome.DENY),
          new Row(
              "the actor's ceiling too",
              "types-only",
              "small",
              MONDAY,
              List.of(Refunds.refund("1001")),
              Outcome.DENY),
          new Row(
              "the client's ceiling too",
              "small",
              "types-only",
              MONDAY,
              List.of(Refunds.refund("1001")),
              Outcome.DENY),
          new Row(
              "an actor that nobody named",
              "types-only",
              "new-agent",
              MONDAY,
              List.of(REFUND),
              Outcome.DENY));

  @ParameterizedTest
  @FieldSource("ROWS")
  void C06_endsAtTheNarrowest(Row row) {
    var request =
        new AccessRequest(
            "okta|a",
            "okta",
            Map.of(),
            row.client,
            row.actor,
            Set.of(),
            Refunds.details(row.elements.toArray(String[]::new)),
            Instant.parse(row.at));

    Decision decision = policy(POLICY).decide(request);

    assertThat(decision.outcome()).isEqualTo(row.outcome);
  }

  @Test
  void F08_aCeilingNeverPermits() {
    Policy policy = policy(POLICY.replace("<= 5000", "> 5000"));

    Decision decision =
        policy.decide(
            new AccessRequest(
                "okta|a",
                "okta",
                Map.of(),
                "types-only",
                "types-only",
                Set.of(),
                Refunds.details(REFUND),
                Instant.parse(MONDAY)));

    assertThat(decision.matches()).extracting(Match::rule).containsExactly(Match.NO_RULE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "urn:smt:agent:refund\"] | urn:smt:agent:refunds\"]"
            + " | ceilings.types-only.types: no such type is registered; did you mean",
        "actions: | action: | ceilings.one-tool.action: unknown key; did you mean `actions`?",
        "urn:smt:agent:refund: { | urn:smt:agent:refnd: {"
            + " | no such type is registered; did you mean `urn:smt:agent:refund`?",
        "instructedAmount.amount: 1000 | instructedAmount.amout: 1000"
            + " | no such member; did you mean `operationDetails.instructedAmount.amount`?",
        "instructedAmount.amount: 1000 | instructedAmount.currency: 1000"
            + " | only an integer has a maximum",
        "days: [mon, | days: [monday, | ceilings.office.hours.days: must be of mon, tue",
        "from: \"08:00\" | from: \"8\" | must be a time such as",
        "zone: Europe/Berlin | zone: Europe/Berln"
            + " | must be the name of a time zone such as Europe/Berlin; did you mean",
        "zone: Europe/Berlin | zone: GMT+25 | must be the name of a time zone",
      })
  void D02_aMisspeltCeilingIsALoadError(String from, String to, String message) {
    assertThat(POLICY).contains(from);

    assertThatThrownBy(() -> policy(POLICY.replace(from, to)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message)
        .hasMessageContaining("policy.yaml:");
  }
}
