package dev.countersign.signals.transmit;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Wakes polls that wait in this process, as soon as there may be something for them.
///
/// Polls look again on their own every [#PATIENCE] as well, which is how they hear of what another
/// replica took. Threads may share it.
public final class StreamBell implements AutoCloseable {
  /// The longest wait without looking.
  public static final Duration PATIENCE = Duration.ofMillis(200);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition rung = lock.newCondition();
  private long rings;
  private boolean closed;

  /// The number of rings until now, to wait for the next one without missing it.
  public long rings() {
    lock.lock();
    try {
      return rings;
    } finally {
      lock.unlock();
    }
  }

  /// Wakes everybody.
  public void ring() {
    lock.lock();
    try {
      rings++;
      rung.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /// Waits for a ring after `seen`, but never longer than [#PATIENCE].
  ///
  /// @return whether it makes sense to look again: not when the box closes
  public boolean await(long seen) {
    lock.lock();
    try {
      long left = PATIENCE.toNanos();
      while (rings == seen && !closed && left > 0) {
        left = rung.awaitNanos(left);
      }
      return !closed;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  /// Lets every waiting poll end at once.
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      rung.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
