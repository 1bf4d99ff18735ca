package dev.countersign.server;

import dev.countersign.ledger.LedgerRecord;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/// What the ledger says about one kill: when each hop was done, counted from the decision.
///
/// @param decidedAt when the sessions were ended at the token service; where no entry says so, when
///   the event was accepted
/// @param hops by name, in the order in which they were done
/// @param open what was tried and is not done
/// @param isFinished whether the receiver is done with it
/// @param isComplete whether it is done and every place was reached
public record KillTimes(
    String txn,
    String subject,
    Instant decidedAt,
    Map<String, Duration> hops,
    Map<String, String> open,
    boolean isFinished,
    boolean isComplete) {

  /// Reads the entries of one transaction.
  ///
  /// @return empty if none of them belongs to a kill
  public static Optional<KillTimes> of(String txn, List<LedgerRecord> trace) {
    Optional<LedgerRecord> accepted = first(trace, "event-accepted");
    Optional<LedgerRecord> decided =
        trace.stream()
            .filter(KillTimes::isDecision)
            .findFirst()
            .or(() -> accepted)
            .or(() -> first(trace, "event-received"));
    if (decided.isEmpty()) {
      return Optional.empty();
    }
    Instant start = decidedAt(decided.get());
    var hops = new LinkedHashMap<String, Duration>();
    var open = new LinkedHashMap<String, String>();
    boolean isComplete = false;
    boolean isFinished = false;
    for (LedgerRecord record : trace) {
      Duration since = Duration.between(start, record.at());
      switch (record.event()) {
        case "exchange-killed", "sessions-ended" -> {
          if (isDecision(record)) {
            hops.putIfAbsent("tokens refused", since);
          }
        }
        case "kill-seen" -> hops.putIfAbsent("userinfo 401 seen", since);
        case "event-accepted" -> hops.putIfAbsent("event accepted", since);
        case "event-received" -> hops.putIfAbsent("event received", since);
        case "event-delivered" ->
            hops.putIfAbsent("acknowledged by " + text(record, "receiver"), since);
        case "kill-step" -> {
          String handler = text(record, "handler");
          called(record)
              .ifPresent(at -> hops.putIfAbsent("called " + handler, Duration.between(start, at)));
          if (text(record, "outcome").equals("done")) {
            hops.putIfAbsent(handler + " " + text(record, "detail"), since);
            open.remove(handler);
          } else {
            open.put(handler, text(record, "outcome") + ", " + text(record, "detail"));
          }
        }
        case "kill-finished" -> {
          hops.putIfAbsent("finished", since);
          isFinished = true;
          isComplete = record.data().path("complete").asBoolean(false);
        }
        default -> {}
      }
    }
    String subject = decided.get().subject();
    return Optional.of(new KillTimes(txn, subject, start, hops, open, isFinished, isComplete));
  }

  /// When a handler made its first call, from the decision.
  public Optional<Duration> called(String handler) {
    return Optional.ofNullable(hops.get("called " + handler));
  }

  /// When a hop of this name was done, from the decision.
  public Optional<Duration> hop(String name) {
    return Optional.ofNullable(hops.get(name));
  }

  /// How long a handler took, from the decision.
  public Optional<Duration> step(String handler) {
    return hops.entrySet().stream()
        .filter(hop -> hop.getKey().startsWith(handler + " "))
        .map(Map.Entry::getValue)
        .findFirst();
  }

  /// In words and milliseconds, one line a hop.
  public String text() {
    var text = new StringBuilder();
    text.append("kill ").append(txn).append("  of ").append(subject).append("  at ");
    text.append(decidedAt).append("\n");
    hops.forEach((name, since) ->
        text.append(String.format(Locale.ROOT, "  %+9d ms  %s%n", since.toMillis(), name)));
    open.forEach((name, why) ->
        text.append("     not done  ").append(name).append(": ").append(why).append("\n"));
    if (!isFinished) {
      text.append("  under way\n");
    } else if (!isComplete) {
      text.append("  given up in part: see above\n");
    }
    return text.toString();
  }

  /// One line.
  String line() {
    String state = isComplete ? "complete" : isFinished ? "given up in part" : "under way";
    Duration end = hops.getOrDefault("finished", Duration.ZERO);
    return String.format(
        Locale.ROOT,
        "%s  %-22s  %-40s  %s%s",
        decidedAt,
        txn,
        subject,
        state,
        isFinished ? " after " + end.toMillis() + " ms" : "");
  }

  /// When it was decided, before the gate closed; the entry itself comes after.
  private static Instant decidedAt(LedgerRecord record) {
    return time(record, "decided_at").orElse(record.at());
  }

  private static Optional<Instant> called(LedgerRecord record) {
    return time(record, "called_at");
  }

  private static Optional<Instant> time(LedgerRecord record, String name) {
    try {
      return Optional.of(Instant.parse(text(record, name)));
    } catch (DateTimeParseException missing) {
      return Optional.empty();
    }
  }

  private static boolean isDecision(LedgerRecord record) {
    return switch (record.event()) {
      case "exchange-killed" -> true;
      // The receiver's order comes back to the sts under the same transaction.
      // What is about one client only makes no hops.
      case "sessions-ended" ->
          !text(record, "by").equals("receiver") && text(record, "client_id").isEmpty();
      default -> false;
    };
  }

  private static Optional<LedgerRecord> first(List<LedgerRecord> trace, String event) {
    Predicate<LedgerRecord> isIt = record -> record.event().equals(event);
    return trace.stream().filter(isIt).findFirst();
  }

  private static String text(LedgerRecord record, String name) {
    return record.data().path(name).asString("");
  }
}
