package dev.countersign.signals.act;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import tools.jackson.databind.node.ObjectNode;

/// Does one step: calls the handler, writes the outcome in the ledger, then settles or postpones
/// the step, and closes the token when it was the last.
///
/// The order matters: a crash anywhere repeats the call, which does no harm, and loses nothing.
/// Threads may share it.
public final class StepRunner {
  private static final int LEFTOVERS = 100;

  private final Steps steps;
  private final ReceiverConfig.Retry retry;
  private final Ledger ledger;
  private final InstantSource clock;
  private final DoubleSupplier chance;

  /// @param chance 0 to 1, for the pauses between attempts
  public StepRunner(
      Steps steps,
      ReceiverConfig.Retry retry,
      Ledger ledger,
      InstantSource clock,
      DoubleSupplier chance) {
    this.steps = steps;
    this.retry = retry;
    this.ledger = ledger;
    this.clock = clock;
    this.chance = chance;
  }

  /// Does one step that was taken.
  ///
  /// @throws UnavailableException if our own database is away; the step becomes free by itself
  public void run(Steps.Step step, SessionHandler handler) {
    Instant called = clock.instant();
    SessionHandler.Outcome outcome = call(step, handler);
    Instant now = clock.instant();
    Verdict verdict = Verdict.of(outcome, step, retry);
    try {
      note(step, outcome, verdict, called, now);
    } catch (Ledger.LedgerAway away) {
      // The call is made; until the ledger knows, it counts as not made and is made again.
      steps.postpone(step, "ledger_away", outcome.status(), now.plus(pause(step, outcome)));
      return;
    }
    switch (verdict) {
      case DONE -> steps.settle(step, true, word(outcome), outcome.status(), now);
      case GIVEN_UP -> steps.settle(step, false, word(outcome), outcome.status(), now);
      case AGAIN ->
          steps.postpone(step, word(outcome), outcome.status(), now.plus(pause(step, outcome)));
    }
    if (verdict != Verdict.AGAIN) {
      close(step.key());
    }
  }

  /// Closes tokens that a crash left open although nothing is left to do for them.
  public void closeLeftovers() {
    steps.unclosed(LEFTOVERS).forEach(this::close);
  }

  private static SessionHandler.Outcome call(Steps.Step step, SessionHandler handler) {
    try {
      return handler.end(
          new Ending(
              Person.of(step.key().subject()),
              step.txn(),
              step.key().id(),
              step.event(),
              step.eventAt()));
    } catch (UnavailableException away) {
      return new SessionHandler.Outcome.Failed(
          "no_answer", 0, "see that the place is up and can be reached", Optional.empty());
    } catch (RuntimeException broken) {
      return new SessionHandler.Outcome.Failed(
          "fault", 0, "a fault of the handler: " + broken.getClass().getName(), Optional.empty());
    }
  }

  private Duration pause(Steps.Step step, SessionHandler.Outcome outcome) {
    Duration own = retry.pause(step.attempts(), chance.getAsDouble());
    return outcome instanceof SessionHandler.Outcome.Failed failed
        ? failed.notBefore().filter(asked -> asked.compareTo(own) > 0).orElse(own)
        : own;
  }

  private void note(
      Steps.Step step,
      SessionHandler.Outcome outcome,
      Verdict verdict,
      Instant called,
      Instant now) {
    ObjectNode data = StrictJson.object();
    data.put("handler", step.handler()).put("outcome", verdict.wireName);
    data.put("detail", word(outcome)).put("status", outcome.status());
    data.put("attempt", step.attempts()).put("set", step.key().id());
    data.put("called_at", called.toString()).put("answered_at", now.toString());
    data.put("millis", Duration.between(step.eventAt(), now).toMillis());
    if (outcome instanceof SessionHandler.Outcome.Failed failed && !failed.advice().isEmpty()) {
      data.put("advice", failed.advice());
    }
    ledger.append(new LedgerEntry(LedgerEvent.KILL_STEP, step.txn(), step.key().subject(), data));
  }

  private static String word(SessionHandler.Outcome outcome) {
    return switch (outcome) {
      case SessionHandler.Outcome.Ended(String what, _) -> what;
      case SessionHandler.Outcome.NotFound _ -> "not_found";
      case SessionHandler.Outcome.Failed failed -> failed.error();
      case SessionHandler.Outcome.Impossible(String error, _) -> error;
    };
  }

  private void close(Inbox.TokenKey key) {
    Instant now = clock.instant();
    try {
      steps.close(key, now, this::noteFinished);
    } catch (Ledger.LedgerAway away) {
      // It stays open and is closed with the leftovers.
    }
  }

  private void noteFinished(Steps.Finished finished) {
    if (finished.steps().isEmpty()) {
      return; // nothing was to be killed
    }
    ObjectNode data = StrictJson.object();
    data.put("set", finished.key().id());
    data.put("complete", finished.steps().stream().allMatch(Steps.Ended::isDone));
    ObjectNode hops = data.putObject("millis");
    hops.put("received", Duration.between(finished.eventAt(), finished.receivedAt()).toMillis());
    ObjectNode outcomes = data.putObject("outcomes");
    finished.steps().stream()
        .sorted(Comparator.comparing(Steps.Ended::at))
        .forEach(step -> {
          hops.put(step.handler(), Duration.between(finished.eventAt(), step.at()).toMillis());
          outcomes.put(step.handler(), step.outcome());
        });
    ledger.append(
        new LedgerEntry(LedgerEvent.KILL_FINISHED, finished.txn(), finished.key().subject(), data));
  }

  /// What an attempt means for its step.
  private enum Verdict {
    DONE("done"),
    AGAIN("failed"),
    GIVEN_UP("given_up");

    private final String wireName;

    Verdict(String wireName) {
      this.wireName = wireName;
    }

    static Verdict of(SessionHandler.Outcome outcome, Steps.Step step, ReceiverConfig.Retry retry) {
      return switch (outcome) {
        case SessionHandler.Outcome.Ended _, SessionHandler.Outcome.NotFound _ -> DONE;
        case SessionHandler.Outcome.Failed _ ->
            step.attempts() >= retry.attempts() ? GIVEN_UP : AGAIN;
        case SessionHandler.Outcome.Impossible _ -> GIVEN_UP;
      };
    }
  }
}
