package dev.countersign.signals.act.http;

import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.act.SessionHandler.Outcome;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;

/// Reads what a refusing place says about when and why.
final class Answers {
  private static final Duration LONGEST_WAIT = Duration.ofHours(1);

  private Answers() {}

  /// A failure by its status.
  ///
  /// @param mend what to mend where the place does not accept us
  static Outcome failed(WireClient.Answer answer, String mend, Instant now) {
    return switch (answer.status()) {
      case 401, 403 ->
          new Outcome.Failed("not_allowed", answer.status(), mend, retryAfter(answer, now));
      case 429 ->
          new Outcome.Failed(
              "too_many", 429, "", retryAfter(answer, now).or(() -> rateReset(answer, now)));
      default ->
          new Outcome.Failed(
              answer.status() >= 500 ? "place_fails" : "refused",
              answer.status(),
              "",
              retryAfter(answer, now));
    };
  }

  /// `Retry-After` in seconds or as a date; at most an hour.
  ///
  /// @spec https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 RFC 9110 §10.2.3
  static Optional<Duration> retryAfter(WireClient.Answer answer, Instant now) {
    return answer.header("retry-after").flatMap(value -> seconds(value).or(() -> date(value, now)));
  }

  /// Okta's own header: the second at which calls are allowed again.
  private static Optional<Duration> rateReset(WireClient.Answer answer, Instant now) {
    return answer
        .header("x-rate-limit-reset")
        .filter(value -> value.matches("[0-9]{1,12}"))
        .map(value -> bounded(Duration.between(now, Instant.ofEpochSecond(Long.parseLong(value)))));
  }

  private static Optional<Duration> seconds(String value) {
    return value.matches("[0-9]{1,9}")
        ? Optional.of(bounded(Duration.ofSeconds(Long.parseLong(value))))
        : Optional.empty();
  }

  private static Optional<Duration> date(String value, Instant now) {
    try {
      Instant at = ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      return Optional.of(bounded(Duration.between(now, at)));
    } catch (DateTimeException malformed) {
      return Optional.empty();
    }
  }

  private static Duration bounded(Duration asked) {
    if (asked.isNegative()) {
      return Duration.ZERO;
    }
    return asked.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : asked;
  }
}
