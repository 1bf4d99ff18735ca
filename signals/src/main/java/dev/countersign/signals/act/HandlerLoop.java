package dev.countersign.signals.act;

import dev.countersign.protocol.UnavailableException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Works through the steps of one handler, several at a time. Each handler has a loop of its own,
/// so that a place which hangs holds up nobody else.
public final class HandlerLoop implements Runnable, AutoCloseable {
  /// How long one call may take. Longer ones are broken off and count as failed.
  static final Duration CALL_LIMIT = Duration.ofSeconds(12);

  /// How long a step is ours; after a crash it is free again when this has passed.
  static final Duration HOLD = Duration.ofSeconds(15);

  private static final Logger LOG = LoggerFactory.getLogger(HandlerLoop.class);
  private static final int AT_ONCE = 8;
  private static final Duration LOOK_EVERY = Duration.ofMillis(250);
  private static final Duration CLOSE_GRACE = Duration.ofMillis(500);
  private static final Duration AFTER_FAULT = Duration.ofSeconds(1);

  private final SessionHandler handler;
  private final Steps steps;
  private final StepRunner runner;
  private final Bell bell;
  private final InstantSource clock;
  private final Semaphore free = new Semaphore(AT_ONCE);
  private final Set<Thread> running = ConcurrentHashMap.newKeySet();

  public HandlerLoop(
      SessionHandler handler, Steps steps, StepRunner runner, Bell bell, InstantSource clock) {
    this.handler = handler;
    this.steps = steps;
    this.runner = runner;
    this.bell = bell;
    this.clock = clock;
  }

  @Override
  public void run() {
    boolean open = true;
    while (open) {
      long rings = bell.rings();
      open = bell.await(rings, startDue() ? Duration.ZERO : LOOK_EVERY);
    }
  }

  /// @return whether to look again at once
  private boolean startDue() {
    int room = free.availablePermits();
    if (room == 0) {
      return false;
    }
    try {
      Instant now = clock.instant();
      List<Steps.Step> due = steps.take(handler.name(), room, now, now.plus(HOLD));
      due.forEach(this::start);
      return !due.isEmpty();
    } catch (RuntimeException away) {
      LOG.warn("handler {}: the steps cannot be read: {}", handler.name(), away.getMessage());
      bell.await(bell.rings(), AFTER_FAULT);
      return false;
    }
  }

  private void start(Steps.Step step) {
    free.acquireUninterruptibly();
    Thread worker =
        Thread.ofVirtual()
            .name("kill-" + handler.name())
            .unstarted(() -> {
              try {
                runner.run(step, bounded());
              } catch (UnavailableException away) {
                LOG.warn(
                    "handler {}: a step is left for later: {}", handler.name(), away.getMessage());
              } catch (RuntimeException fault) {
                LOG.error("handler {}: a step is left for later", handler.name(), fault);
              } finally {
                running.remove(Thread.currentThread());
                free.release();
                bell.ring(); // the next step of the same person may be due now
              }
            });
    running.add(worker);
    worker.start();
  }

  /// The handler, broken off after [#CALL_LIMIT], whatever it waits for.
  private SessionHandler bounded() {
    return new Bounded(handler, CALL_LIMIT);
  }

  /// Lets running steps finish for a moment, then breaks them off; they are done again later.
  @Override
  public void close() {
    try {
      joinAll();
      running.forEach(Thread::interrupt);
      joinAll();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void joinAll() throws InterruptedException {
    long end = System.nanoTime() + CLOSE_GRACE.toNanos();
    for (Thread worker : new ArrayList<>(running)) {
      worker.join(Duration.ofNanos(Math.max(1, end - System.nanoTime())));
    }
  }
}
