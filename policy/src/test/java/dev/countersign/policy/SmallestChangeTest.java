package dev.countersign.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.StrictJson;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// The smallest change that would pass, by the examples' policies.
class SmallestChangeTest {
  private static final Instant MONDAY = Instant.parse("2026-01-05T12:00:00Z");

  /// One question.
  ///
  /// @param attributes of the person, as JSON
  /// @param things by key, as JSON
  /// @param change the first one that is found; empty for none
  record Row(
      String example, String at, String request, String attributes, String things, String change) {
    @Override
    public String toString() {
      return example + " at " + at + ": " + change;
    }
  }

  private static final String RECORD =
      "{\"type\":\"urn:example:record\",\"operationDetails\":{\"action\":\"%s\",\"recordId\":\"REC-4\"}}";
  private static final String CHANGE =
      "{\"type\":\"urn:example:change\",\"operationDetails\":"
          + "{\"action\":\"restart_service\",\"service\":\"web\"}}";

  static final List<Row> ROWS =
      List.of(
          new Row(
              "refunds",
              "2026-01-05T12:00:00Z",
              Refunds.refund("5001"),
              "{\"refund_limit\":5000}",
              "{}",
              "request.operationDetails.instructedAmount.amount: 5001 -> 5000 permit"),
          new Row(
              "refunds",
              "2026-01-05T12:00:00Z",
              Refunds.refund("200001"),
              "{\"refund_limit\":5000}",
              "{}",
              "request.operationDetails.instructedAmount.amount: 200001 -> 5000 permit"),
          new Row(
              "refunds",
              "2026-01-05T12:00:00Z",
              Refunds.refund("100", "EUR", "R-884-2233"),
              "{\"refund_limit\":5000}",
              "{}",
              "request.operationDetails.instructedAmount.currency: EUR -> USD permit"),
          new Row(
              "refunds",
              "2026-01-05T12:00:00Z",
              Refunds.refund("5000"),
              "{\"refund_limit\":5000}",
              "{}",
              ""),
          new Row(
              "refunds",
              "2026-01-05T12:00:00Z",
              Refunds.refund("8000"),
              "{}",
              "{}",
              "subject.refund_limit: null -> 8000 permit"),
          new Row(
              "records",
              "2026-01-05T12:00:00Z",
              RECORD.formatted("read_record"),
              "{}",
              "{\"record:REC-4\":{\"classification\":\"confidential\"}}",
              "resource.record:REC-4.classification: confidential -> public permit"),
          new Row(
              "records",
              "2026-01-05T12:00:00Z",
              RECORD.formatted("update_record"),
              "{\"clearance\":\"internal\"}",
              "{\"record:REC-4\":{\"classification\":\"internal\",\"legal_hold\":true}}",
              "request.operationDetails.action: update_record -> read_record permit"),
          new Row(
              "after-hours",
              "2026-01-05T03:30:00Z",
              CHANGE,
              "{}",
              "{}",
              "now: 2026-01-05T03:30:00Z -> 2026-01-05T07:00:00Z permit"));

  @ParameterizedTest
  @FieldSource("ROWS")
  void isNamedWithTheBorder(Row row) {
    Path files = Path.of("..", "examples", row.example);
    Policy policy =
        Policy.load(files.resolve("policy.yaml"), TypeRegistry.load(files.resolve("types.yaml")));
    var details = Refunds.details(row.request);
    policy.types().check(details);
    Instant now = Instant.parse(row.at);
    var things = new HashMap<String, Map<String, Attribute>>();
    StrictJson.parseObject(row.things)
        .properties()
        .forEach(thing -> things.put(thing.getKey(), facts(thing.getValue().toString(), now)));
    var request =
        new AccessRequest(
            "okta|a",
            "okta",
            facts(row.attributes, now),
            "agent",
            "agent",
            Set.of(),
            details,
            now,
            things);
    var past = new HashMap<String, ScopeHistory>();
    policy.scopes(request).forEach(scope -> past.put(scope, ScopeHistory.EMPTY));

    String first =
        SmallestChange.of(policy, request, History.of(Stage.FIRST, past)).stream()
            .findFirst()
            .map(one ->
                one.path() + ": " + one.from() + " -> " + one.to() + " " + one.outcome().code())
            .orElse("");

    assertThat(first).isEqualTo(row.change);
  }

  private static Map<String, Attribute> facts(String json, Instant now) {
    var facts = new HashMap<String, Attribute>();
    StrictJson.parseObject(json)
        .properties()
        .forEach(one -> facts.put(one.getKey(), new Attribute(one.getValue(), "hr", now)));
    return facts;
  }

  @Test
  void oneElementAloneIsAChangeToo() {
    AccessRequest both =
        Refunds.ask(Refunds.refund("100"), Refunds.refund("200", "USD", "R-884-2244")).at(MONDAY);

    assertThat(SmallestChange.of(Refunds.POLICY, both, History.of(Stage.FIRST, Map.of())))
        .extracting(SmallestChange.Change::path, SmallestChange.Change::to)
        .contains(
            org.assertj.core.api.Assertions.tuple("requests", "element 0 alone"),
            org.assertj.core.api.Assertions.tuple("requests", "element 1 alone"));
  }
}
