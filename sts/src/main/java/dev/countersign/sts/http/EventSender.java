package dev.countersign.sts.http;

import dev.countersign.protocol.AntennaIngest;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.sts.EventOutbox;
import dev.countersign.sts.SessionRevoked;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings kills and warnings to the transmitter, and revoked tokens and ended sessions to the
/// broker, each until it is taken, with growing pauses. What one replica wrote another may bring.
/// Threads may share it.
public final class EventSender implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EventSender.class);
  private static final Duration LOOK = Duration.ofMillis(500);
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final Duration CLAIM = Duration.ofSeconds(30);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
  private static final Duration STOP = Duration.ofSeconds(6);
  private static final int BATCH = 5;

  private final EventOutbox outbox;
  private final WireClient client;
  private final PresenterAssertion.Maker presenter;
  private final URI transmitter;
  private final Optional<AntennaIngest> antenna;
  private final Optional<URI> broker;
  private final InstantSource clock;
  private final Semaphore news = new Semaphore(0);
  private final Thread thread;
  private volatile boolean stopped;

  /// @param antenna told of ended sessions instead of the transmitter
  public EventSender(
      EventOutbox outbox,
      WireClient client,
      PresenterAssertion.Maker presenter,
      URI transmitter,
      Optional<AntennaIngest> antenna,
      Optional<URI> broker,
      InstantSource clock) {
    this.outbox = outbox;
    this.client = client;
    this.presenter = presenter;
    this.transmitter = transmitter;
    this.antenna = antenna;
    this.broker = broker;
    this.clock = clock;
    this.thread = Thread.ofVirtual().name("sts-events").unstarted(this::run);
  }

  /// Begins to look for events.
  public void start() {
    thread.start();
  }

  /// There may be a new event: look at once.
  public void wake() {
    news.release();
  }

  private void run() {
    boolean wasAway = false;
    while (!stopped) {
      try {
        sendDue();
        wasAway = false;
      } catch (UnavailableException away) {
        if (!wasAway) {
          LOG.warn("events wait: {}", away.getMessage());
        }
        wasAway = true;
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

  private void sendDue() {
    Instant now = clock.instant();
    List<EventOutbox.Due> due = outbox.claim(now, now.plus(CLAIM), BATCH);
    for (EventOutbox.Due event : due) {
      if (stopped) {
        return;
      }
      send(event);
    }
  }

  private void send(EventOutbox.Due event) {
    boolean isForAntenna = antenna.isPresent() && event.target() == EventOutbox.Target.TRANSMITTER;
    if (isForAntenna && !event.kind().equals(SessionRevoked.KIND)) {
      outbox.delivered(event, clock.instant()); // it is told of ended sessions only
      return;
    }
    URI box = isForAntenna ? antenna.get().base() : address(event);
    String failure;
    try {
      WireClient.Answer answer = isForAntenna ? tell(antenna.get(), event) : tell(box, event);
      if (answer.status() / 100 == 2) {
        outbox.delivered(event, clock.instant());
        return;
      }
      boolean isRefused = answer.status() == 400 || answer.status() == 403;
      if (isRefused
          && event.target() == EventOutbox.Target.TRANSMITTER
          && !event.kind().equals(SessionRevoked.KIND)) {
        // A transmitter that takes kills only; the warning is in the ledger as well.
        LOG.warn("event {} {} is not taken by the transmitter", event.kind(), event.txn());
        outbox.delivered(event, clock.instant());
        return;
      }
      failure = box + " answers " + answer.status();
    } catch (WireClient.WireFailure away) {
      failure = box + " does not answer";
    }
    Duration pause = pause(event.attempts());
    LOG.warn(
        "event {} {} waits {} s: {}",
        event.kind(),
        event.txn(),
        pause.toMillis() / 1000.0,
        failure);
    outbox.retry(event, clock.instant().plus(pause));
  }

  private WireClient.Answer tell(URI box, EventOutbox.Due event) {
    return client.send(
        "POST",
        URI.create(box + path(event)),
        Map.of(
            "Content-Type",
            "application/json",
            PresenterAssertion.HEADER,
            presenter.assertion(box.toString())),
        event.body(),
        TIMEOUT);
  }

  /// It knows no proof of ours and gets none.
  private WireClient.Answer tell(AntennaIngest to, EventOutbox.Due event) {
    return client.send(
        "POST",
        to.events(),
        Map.of("Content-Type", "application/json"),
        AntennaIngest.form(event.body()),
        TIMEOUT);
  }

  private static String path(EventOutbox.Due event) {
    return switch (event.kind()) {
      case EventOutbox.TOKEN_REVOKED -> "/v1/countersign/tokens/revoke";
      case EventOutbox.SESSION_ENDED -> "/v1/countersign/sessions/revoke";
      case EventOutbox.CLIENT_ENDED -> "/v1/countersign/clients/revoke";
      default -> "/sources/sts/events";
    };
  }

  private URI address(EventOutbox.Due event) {
    return switch (event.target()) {
      case TRANSMITTER -> transmitter;
      case BROKER -> broker.orElseThrow(); // such a row is written only where there is one
    };
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
