package dev.countersign.sts.stepup;

import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// Holds answers back until an approval is settled. Each waiter looks at the database, so that an
/// answer given at any replica is seen; above a number of waiters nobody waits. Threads may share
/// it.
public final class ApprovalWatch {
  /// How long a stream is silent at most.
  public static final Duration HEARTBEAT = Duration.ofSeconds(15);

  private static final Duration LOOK = Duration.ofMillis(500);
  private static final int LONGEST_SECONDS = 30;
  private static final int MOST_WAITERS = 256;

  private final StepUps stepUps;
  private final Semaphore places = new Semaphore(MOST_WAITERS);
  private final InstantSource clock;

  public ApprovalWatch(StepUps stepUps, InstantSource clock) {
    this.stepUps = stepUps;
    this.clock = clock;
  }

  /// How long a caller wants to wait: whole seconds, 30 at most; anything else is no wait.
  public static Duration patience(@Nullable String seconds) {
    return seconds != null && seconds.matches("[0-9]{1,4}")
        ? Duration.ofSeconds(Math.min(LONGEST_SECONDS, Integer.parseInt(seconds)))
        : Duration.ZERO;
  }

  /// Whether nobody more can wait.
  public boolean isFull() {
    return places.availablePermits() == 0;
  }

  /// The approval once it is no longer pending, or as it is after some time.
  public Approval settled(Approval approval, Duration patience) {
    if (patience.isZero() || !places.tryAcquire()) {
      return approval;
    }
    try {
      Approval seen = approval;
      for (long looks = patience.dividedBy(LOOK); looks > 0 && isPending(seen); looks--) {
        Thread.sleep(LOOK);
        seen = stepUps.find(approval.id()).orElse(seen);
      }
      return seen;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return approval;
    } finally {
      places.release();
    }
  }

  private boolean isPending(Approval approval) {
    return approval.state(clock.instant()) == Approval.State.PENDING;
  }
}
