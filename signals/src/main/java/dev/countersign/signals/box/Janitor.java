package dev.countersign.signals.box;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import dev.countersign.signals.transmit.DeadLetters;
import dev.countersign.signals.transmit.TransmitterConfig;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps streams within their bounds and forgets what is settled. What is dropped is told in the
/// ledger, and stays in the list of the dead. Replicas may do it at the same time.
final class Janitor implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Janitor.class);
  private static final Duration EVERY = Duration.ofSeconds(10);

  private final DeadLetters letters;
  private final TransmitterConfig.Keeping keeping;
  private final Ledger ledger;
  private final InstantSource clock;
  private final Thread thread;

  Janitor(
      DeadLetters letters, TransmitterConfig.Keeping keeping, Ledger ledger, InstantSource clock) {
    this.letters = letters;
    this.keeping = keeping;
    this.ledger = ledger;
    this.clock = clock;
    thread = Thread.ofVirtual().name("transmitter-janitor").start(this::run);
  }

  private void run() {
    while (!Thread.currentThread().isInterrupted()) {
      try {
        Thread.sleep(EVERY);
        tidy();
      } catch (InterruptedException end) {
        return;
      } catch (RuntimeException away) {
        LOG.warn("streams are not tidied now: {}", away.getMessage());
      }
    }
  }

  /// One round.
  void tidy() {
    Instant now = clock.instant();
    for (DeadLetters.Overflow one : letters.dropOverflow(keeping.mostWaiting(), now)) {
      LOG.warn(
          "stream {} of {} kept too much: its {} oldest events are dead",
          one.streamId(),
          one.receiver(),
          one.events());
      ledger.append(
          new LedgerEntry(
              LedgerEvent.STREAM_OVERFLOWED,
              "",
              "",
              StrictJson.object()
                  .put("stream", one.streamId())
                  .put("receiver", one.receiver())
                  .put("dropped", one.events())));
    }
    letters.forget(now.minus(keeping.settled()));
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
