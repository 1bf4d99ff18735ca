package dev.countersign.gateway;

import dev.countersign.gateway.CallResult.Trace;
import dev.countersign.gateway.StatementResult.Cause;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// What an agent reads when a statement did not run to its end: never the database's own words.
final class Outcomes {
  private Outcomes() {}

  static String code(Cause cause) {
    return cause.name().toLowerCase(Locale.ROOT);
  }

  static CallResult failed(Cause cause, Trace trace) {
    return switch (cause) {
      case TIMEOUT -> failure(cause, "the statement took too long and was stopped", trace);
      case FORBIDDEN ->
          new CallResult.Denied(
              "database_forbidden",
              "the database lets this request do only what was approved",
              List.of(),
              trace);
      case REFUSED -> failure(cause, "the database refused these values", trace);
      case TOO_LARGE ->
          failure(cause, "the result is larger than this tool may return; ask for less", trace);
      case AWAY -> new CallResult.Unavailable(trace);
      case UNKNOWN ->
          failure(
              cause,
              "the connection broke while the work was committed: whether it took effect is"
                  + " unknown; look before you repeat it",
              trace);
      case BROKEN -> failure(cause, "the tool failed; the operator finds the cause", trace);
    };
  }

  /// Whether a failed call certainly left nothing behind: its transaction was rolled back, or none
  /// was begun.
  static boolean hadNoEffect(String code) {
    return Set.of(
            code(Cause.TIMEOUT), code(Cause.REFUSED), "no_row", "server_refused", "server_rejected")
        .contains(code);
  }

  private static CallResult failure(Cause cause, String text, Trace trace) {
    return new CallResult.Failed(code(cause), text, trace);
  }
}
