package dev.countersign.console.chat;

import dev.countersign.ledger.LedgerReader;
import dev.countersign.protocol.UnavailableException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Follows a call that runs by what the boxes write of its trace, so that a person sees the
/// decision and the login appear before there is an answer, and the login vanish. Only tells: a
/// ledger that is away changes nothing about the call.
final class CallWatch implements AutoCloseable {
  private static final Duration LOOK_EVERY = Duration.ofMillis(200);
  private static final Duration AFTERWARDS = Duration.ofMinutes(1);

  private final LedgerReader ledger;
  private final Card card;
  private final String traceId;
  private final Instant since;
  private final CountDownLatch answered = new CountDownLatch(1);

  private CallWatch(LedgerReader ledger, Card card, String traceId, Instant since) {
    this.ledger = ledger;
    this.card = card;
    this.traceId = traceId;
    this.since = since;
  }

  /// Begins to follow, on a thread of its own.
  ///
  /// @param traceId of the trace in which the call runs
  static CallWatch over(LedgerReader ledger, Card card, String traceId, Instant since) {
    var watch = new CallWatch(ledger, card, traceId, since);
    Thread.ofVirtual().name("call-watch").start(watch::follow);
    return watch;
  }

  private void follow() {
    try {
      Optional<String> jti = Optional.empty();
      boolean isRunning = true;
      for (long left = AFTERWARDS.dividedBy(LOOK_EVERY); left > 0; ) {
        if (isRunning) {
          isRunning = !answered.await(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
        } else {
          TimeUnit.MILLISECONDS.sleep(LOOK_EVERY.toMillis());
          left--;
        }
        if (jti.isEmpty()) {
          jti = ledger.jtiIn(traceId, since);
        }
        if (jti.isEmpty() && !isRunning) {
          jti = card.jti();
        }
        jti.ifPresent(known -> card.follow(ledger.trace(known)));
        if (!isRunning && !card.hasLogin()) {
          return;
        }
      }
    } catch (UnavailableException away) {
      // The trace tells it later.
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  /// The call has answered; its login is followed until it is gone.
  @Override
  public void close() {
    answered.countDown();
  }
}
