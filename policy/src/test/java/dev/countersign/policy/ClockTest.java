package dev.countersign.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.StrictJson;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TimeZone;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Time zones, clocks that are set, and the edges of the calendar.
class ClockTest {
  private static final TimeZone HERE = TimeZone.getDefault();
  private static final String AMOUNT = "request.operationDetails.instructedAmount.amount";

  @TempDir private Path folder;

  @AfterEach
  void home() {
    TimeZone.setDefault(HERE);
  }

  private Policy policy(String rest) {
    return Policy.load(Refunds.write(folder, "policy.yaml", rest), Refunds.TYPES);
  }

  private Policy when(String condition) {
    return policy(
        """
        rules:
          - name: then
            type: urn:smt:agent:refund
            when: "%s"
            then: permit
        """
            .formatted(condition));
  }

  private static AccessRequest at(String time) {
    return Refunds.ask(Refunds.refund("100")).at(Instant.parse(time));
  }

  /// A decision depends on the zones that a policy names, and on no machine's.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "UTC",
        "Europe/Berlin",
        "America/Los_Angeles",
        "Pacific/Kiritimati",
        "Asia/Kathmandu"
      })
  void whereTheServerStandsChangesNoDecision(String zone) {
    TimeZone.setDefault(TimeZone.getTimeZone(zone));

    for (String example : List.of("refunds", "records", "bulk-export", "payments", "after-hours")) {
      Path files = Path.of("..", "examples", example);
      Policy policy =
          Policy.load(files.resolve("policy.yaml"), TypeRegistry.load(files.resolve("types.yaml")));
      assertThat(PolicyTests.run(files.resolve("policy.test.yaml"), policy))
          .allSatisfy(result -> assertThat(result.problem()).as(result.name()).isEmpty());
    }
    // without a zone, the parts of a time are those of UTC
    assertThat(
            when("now.getHours() == 23 && now.getDate() == 31 && now.getFullYear() == 2025")
                .decide(at("2025-12-31T23:30:00Z"))
                .outcome())
        .isEqualTo(Outcome.PERMIT);
    assertThat(
            when("string(now) == '2025-12-31T23:30:00Z'")
                .decide(at("2025-12-31T23:30:00Z"))
                .outcome())
        .isEqualTo(Outcome.PERMIT);
  }

  /// Berlin skips 02:00 to 03:00 on 29 March 2026 and has it twice on 25 October.
  @ParameterizedTest
  @CsvSource({
    "2026-03-29T00:59:59Z, 1, PERMIT",
    "2026-03-29T01:00:00Z, 3, PERMIT",
    "2026-03-29T01:00:00Z, 2, DENY",
    "2026-10-25T00:30:00Z, 2, PERMIT",
    "2026-10-25T01:30:00Z, 2, PERMIT",
    "2026-10-25T02:00:00Z, 3, PERMIT",
    "2026-01-01T00:00:00Z, 1, PERMIT",
  })
  void hoursFollowTheChangeOfTheClocks(String time, int hour, Outcome outcome) {
    assertThat(when("now.getHours('Europe/Berlin') == " + hour).decide(at(time)).outcome())
        .isEqualTo(outcome);
  }

  @ParameterizedTest
  @CsvSource({
    "2026-03-28T23:30:00Z, PERMIT", // Sunday, half past midnight
    "2026-03-29T00:59:59Z, PERMIT",
    "2026-03-29T01:00:00Z, DENY", // three o'clock: the hour from two is skipped
    "2026-10-25T00:30:00Z, PERMIT", // half past two, the first time
    "2026-10-25T01:30:00Z, PERMIT", // and the second
    "2026-10-25T02:00:00Z, DENY",
  })
  void aCeilingsHoursFollowItToo(String time, Outcome outcome) {
    Policy policy =
        policy(
            """
            ceilings:
              gateway:
                hours: { days: [sat, sun], from: "22:00", to: "03:00", zone: Europe/Berlin }
            rules:
              - { name: all, type: urn:smt:agent:refund, when: "true", then: permit }
            """);

    assertThat(policy.decide(at(time)).outcome()).isEqualTo(outcome);
  }

  @ParameterizedTest
  @CsvSource({
    "2027-12-31T23:59:59.999999999Z, 364, 2027",
    "2028-01-01T00:00:00Z, 0, 2028",
    "2028-02-29T12:00:00Z, 59, 2028",
    "2028-12-31T23:59:59Z, 365, 2028",
  })
  void yearsEndWhereTheyEnd(String time, int day, int year) {
    assertThat(
            when("now.getDayOfYear() == " + day + " && now.getFullYear() == " + year)
                .decide(at(time))
                .outcome())
        .isEqualTo(Outcome.PERMIT);
  }

  /// CEL knows the years 1 to 9999; beyond, nothing is decided.
  @ParameterizedTest
  @CsvSource({"9999-12-31T23:59:59Z, PERMIT", "+10000-01-01T00:00:00Z, DENY"})
  void F07_timesThatNoPolicyCanMeanDeny(String time, Outcome outcome) {
    assertThat(when("now + duration('0s') > timestamp('2026-01-01T00:00:00Z')").decide(at(time)))
        .extracting(Decision::outcome)
        .isEqualTo(outcome);
  }

  // ---- counters under a clock that is set

  private static final String HOURLY =
      """
      counters:
        paid:
          { measure: sum, type: urn:smt:agent:refund, value: %s, per: subject, within: 1h }
      patterns:
        twice:
          per: subject
          within: 1h
          steps:
            - { type: urn:smt:agent:refund, at_least: 2, within: 1h }
      rules:
        - { name: all, type: urn:smt:agent:refund, when: total.paid <= 500, then: permit }
      """
          .formatted(AMOUNT);

  /// Decides, keeps what is drawn as the store does, and says whether it was permitted.
  private static boolean isPermitted(Policy policy, Map<String, ScopeHistory> kept, String time) {
    AccessRequest request = at(time);
    var past = new HashMap<String, ScopeHistory>();
    policy
        .scopes(request)
        .forEach(scope -> past.put(scope, kept.getOrDefault(scope, ScopeHistory.EMPTY)));
    Evaluation evaluation = policy.evaluate(request, History.of(Stage.FIRST, past));
    evaluation
        .after(evaluation.decision().outcome())
        .states()
        .forEach((scope, state) -> kept.put(scope, ScopeHistory.parse(state.json())));
    return evaluation.decision().outcome() == Outcome.PERMIT;
  }

  private static int permitted(Policy policy, Map<String, ScopeHistory> kept, String time) {
    int permitted = 0;
    for (int i = 0; i < 8; i++) {
      permitted += isPermitted(policy, kept, time) ? 1 : 0;
    }
    return permitted;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2026-05-01T11:59:59.999Z", // a moment
        "2026-05-01T11:30:00Z", // less than the window
        "2026-05-01T10:00:00Z", // more than the window
        "2025-05-01T12:00:00Z", // a year
        "1970-01-01T00:00:00Z", // a machine that forgot the time
      })
  void F12_aClockThatIsSetBackGivesNothingBack(String before) {
    Policy policy = policy(HOURLY);
    var kept = new HashMap<String, ScopeHistory>();

    assertThat(permitted(policy, kept, "2026-05-01T12:00:00Z")).isEqualTo(5);
    assertThat(permitted(policy, kept, before)).isZero();
    assertThat(permitted(policy, kept, "2026-05-01T12:59:59.999Z")).isZero();
    assertThat(permitted(policy, kept, "2026-05-01T13:00:00Z")).isEqualTo(5);
  }

  @Test
  void F12_whatIsDrawnUnderAClockThatWasSetBackCountsFromTheLatestTimeSeen() {
    Policy policy = policy(HOURLY);
    var kept = new HashMap<String, ScopeHistory>();

    assertThat(isPermitted(policy, kept, "2026-05-01T12:00:00Z")).isTrue();
    assertThat(permitted(policy, kept, "2026-05-01T11:00:00Z")).isEqualTo(4);
    // were they kept under their own time, an hour would be over at 12:30
    assertThat(permitted(policy, kept, "2026-05-01T12:30:00Z")).isZero();
    assertThat(permitted(policy, kept, "2026-05-01T13:00:00Z")).isEqualTo(5);
  }

  @Test
  void F12_aClockThatRunsAheadByLessThanAWindowAndIsSetBackForgetsNothing() {
    Policy policy = policy(HOURLY);
    var kept = new HashMap<String, ScopeHistory>();

    assertThat(permitted(policy, kept, "2026-05-01T12:00:00Z")).isEqualTo(5);
    assertThat(isPermitted(policy, kept, "2026-05-01T13:30:00Z")).isTrue();
    assertThat(permitted(policy, kept, "2026-05-01T12:10:00Z")).isZero();
  }

  @Test
  void theChangeOfTheClocksMakesNoWindowLongerOrShorter() {
    Policy policy = policy(HOURLY);
    for (String change : List.of("2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z")) {
      var kept = new HashMap<String, ScopeHistory>();
      Instant at = Instant.parse(change);

      assertThat(permitted(policy, kept, at.minus(Duration.ofMinutes(30)).toString())).isEqualTo(5);
      assertThat(permitted(policy, kept, at.plus(Duration.ofSeconds(1799)).toString())).isZero();
      assertThat(permitted(policy, kept, at.plus(Duration.ofMinutes(30)).toString())).isEqualTo(5);
    }
  }

  /// An attribute that was written at another time is believed as long as it says.
  @Test
  void howOldAnAttributeIsDoesNotDependOnAZone() {
    Policy policy =
        policy(
            """
            attributes: { refund_limit: { type: int, max-age: 1d } }
            rules:
              - { name: all, type: urn:smt:agent:refund, when: "%s <= subject.refund_limit", then: permit }
            """
                .formatted(AMOUNT));
    Instant said = Instant.parse("2026-03-28T12:00:00Z"); // a day of 23 hours lies between
    for (String zone : List.of("UTC", "Europe/Berlin", "Pacific/Kiritimati")) {
      TimeZone.setDefault(TimeZone.getTimeZone(zone));
      for (boolean isOver : List.of(false, true)) {
        AccessRequest request =
            new AccessRequest(
                "okta|a",
                "okta",
                Map.of("refund_limit", new Attribute(StrictJson.parse("500"), "hr", said)),
                "gateway",
                "gateway",
                Set.of(),
                Refunds.details(Refunds.refund("1")),
                said.plus(Duration.ofDays(1)).plusSeconds(isOver ? 1 : 0));
        assertThat(policy.decide(request).outcome())
            .isEqualTo(isOver ? Outcome.DENY : Outcome.PERMIT);
      }
    }
  }
}
