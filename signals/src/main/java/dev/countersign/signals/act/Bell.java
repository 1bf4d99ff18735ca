package dev.countersign.signals.act;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Wakes loops of this process that wait for work. Threads may share it.
public final class Bell implements AutoCloseable {
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

  public void ring() {
    lock.lock();
    try {
      rings++;
      rung.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /// Waits for a ring after `seen`, or for `patience` to run out.
  ///
  /// @return false once it is closed or the thread is interrupted
  public boolean await(long seen, Duration patience) {
    lock.lock();
    try {
      long left = patience.toNanos();
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

  public boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

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
