package dev.countersign.gateway;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Whether one running call is still wanted. What runs asks between its steps, and says how a step
/// that takes long is stopped. Threads may share it.
public final class Cancellation {
  private static final Duration AGAIN = Duration.ofMillis(200);

  private final AtomicBoolean isDecided = new AtomicBoolean();
  private final Set<Step> steps = ConcurrentHashMap.newKeySet();
  private volatile @Nullable Reason reason;
  private volatile boolean lasts;
  private volatile boolean isHurried;

  /// Why a call is not wanted any more.
  public enum Reason {
    /// The caller closed the stream on which the answer would have come.
    CALLER_LEFT,
    /// The caller said so.
    CALLER_ASKED,
    /// The person's sessions were ended.
    SESSION_ENDED
  }

  /// From now on the call does what may take long. Until then it may still be refused as a whole.
  void lasts() {
    lasts = true;
  }

  /// From now on the call does not wait for a person any more. It is not ended by that.
  public void waitNoLonger() {
    isHurried = true;
  }

  boolean isHurried() {
    return isHurried;
  }

  public boolean isLasting() {
    return lasts;
  }

  /// From now on the call is not wanted. The first reason stays.
  public void cancel(Reason why) {
    if (isDecided.compareAndSet(false, true)) {
      reason = why;
      steps.forEach(Step::stopped);
    }
  }

  public boolean isCancelled() {
    return reason != null;
  }

  /// Why, once it is cancelled.
  public Optional<Reason> reason() {
    return Optional.ofNullable(reason);
  }

  /// Begins a step that can be stopped from outside.
  ///
  /// @param stop called on another thread once the call is cancelled, and again until the step is
  ///   closed: what it stops may only just be beginning
  public Step step(Runnable stop) {
    var step = new Step(stop);
    steps.add(step);
    if (isCancelled()) {
      step.stopped();
    }
    return step;
  }

  /// A step that is running. Once it is closed it is not stopped any more.
  public final class Step implements AutoCloseable {
    private final Runnable stop;
    private final ReentrantLock lock = new ReentrantLock();
    private boolean isStopping;
    private boolean isClosed;

    private Step(Runnable stop) {
      this.stop = stop;
    }

    private void stopped() {
      lock.lock();
      try {
        if (isStopping || isClosed) {
          return;
        }
        isStopping = true;
      } finally {
        lock.unlock();
      }
      Thread.ofVirtual().name("cancel").start(this::repeat);
    }

    private void repeat() {
      while (stopOnce()) {
        LockSupport.parkNanos(AGAIN.toNanos());
      }
    }

    private boolean stopOnce() {
      lock.lock();
      try {
        if (!isClosed) {
          stop.run();
        }
        return !isClosed;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void close() {
      steps.remove(this);
      lock.lock();
      try {
        isClosed = true;
      } finally {
        lock.unlock();
      }
    }
  }
}
