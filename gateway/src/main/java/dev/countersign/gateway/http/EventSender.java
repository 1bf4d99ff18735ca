package dev.countersign.gateway.http;

import dev.countersign.gateway.Emitter;
import dev.countersign.gateway.EventOutbox;
import dev.countersign.protocol.AntennaIngest;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings the events of blocked calls to the transmitter or to an Antenna, each until it is taken,
/// with growing pauses. What one replica wrote another may bring. Threads may share it.
public final class EventSender implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EventSender.class);
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final Duration CLAIM = Duration.ofSeconds(30);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
  private static final Duration STOP = Duration.ofSeconds(6);
  private static final int BATCH = 5;

  private final Emitter emitter;
  private final WireClient client;
  private final PresenterAssertion.Maker presenter;
  private final InstantSource clock;
  private final Semaphore news = new Semaphore(0);
  private volatile boolean stopped;
  private volatile Thread thread = Thread.ofVirtual().name("gateway-events").unstarted(() -> {});

  public EventSender(
      Emitter emitter, WireClient client, PresenterAssertion.Maker presenter, InstantSource clock) {
    this.emitter = emitter;
    this.client = client;
    this.presenter = presenter;
    this.clock = clock;
  }

  /// Begins to look for events.
  public void start(EventOutbox outbox) {
    thread = Thread.ofVirtual().name("gateway-events").start(() -> run(outbox));
  }

  /// There may be a new event: look at once.
  public void wake() {
    news.release();
  }

  private void run(EventOutbox outbox) {
    while (!stopped) {
      try {
        Instant now = clock.instant();
        for (EventOutbox.Due event : outbox.claim(now, now.plus(CLAIM), BATCH)) {
          if (stopped) {
            return;
          }
          send(outbox, event);
        }
      } catch (UnavailableException away) {
        LOG.warn("events wait: {}", away.getMessage());
      } catch (RuntimeException broken) {
        LOG.error("the event sender met a fault and goes on", broken);
      }
      try {
        if (news.tryAcquire(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
          news.drainPermits();
        }
      } catch (InterruptedException end) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private void send(EventOutbox outbox, EventOutbox.Due event) {
    String failure;
    try {
      int status = emitter.antenna().map(to -> tell(to, event)).orElseGet(() -> tell(event));
      if (status / 100 == 2) {
        outbox.taken(event);
        return;
      }
      failure = "the answer is " + status;
    } catch (WireClient.WireFailure away) {
      failure = "there is no answer";
    }
    Duration pause = pause(event.attempts());
    LOG.warn(
        "the end of sessions after blocked calls, {}, waits {} s: {}",
        event.txn(),
        pause.toMillis() / 1000.0,
        failure);
    outbox.retry(event, clock.instant().plus(pause));
  }

  private int tell(EventOutbox.Due event) {
    URI transmitter = emitter.transmitter();
    return client
        .send(
            "POST",
            URI.create(transmitter + "/sources/" + emitter.source() + "/events"),
            Map.of(
                "Content-Type",
                "application/json",
                PresenterAssertion.HEADER,
                presenter.assertion(transmitter.toString())),
            event.body(),
            TIMEOUT)
        .status();
  }

  private int tell(AntennaIngest antenna, EventOutbox.Due event) {
    return client
        .send(
            "POST",
            antenna.events(),
            Map.of("Content-Type", "application/json"),
            AntennaIngest.form(event.body()),
            TIMEOUT)
        .status();
  }

  private static Duration pause(int attempts) {
    Duration pause = Duration.ofMillis(500L << Math.min(attempts, 6));
    return pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
  }

  @Override
  public void close() {
    stopped = true;
    news.release();
    try {
      if (!thread.join(STOP)) {
        thread.interrupt();
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
