package dev.countersign.gateway;

import org.jspecify.annotations.Nullable;

/// The way to stop one statement from another thread. Threads may share it.
public final class Cut {
  private @Nullable Runnable stop;
  private boolean done;

  /// Says how the work that begins now is stopped; stops it at once if it should not have begun.
  ///
  /// @param stop may be called at any time from now on, once, also when the work has ended
  public void arm(Runnable stop) {
    synchronized (this) {
      if (!done) {
        this.stop = stop;
        return;
      }
    }
    stop.run();
  }

  /// Stops it.
  void now() {
    Runnable armed;
    synchronized (this) {
      if (done) {
        return;
      }
      done = true;
      armed = stop;
    }
    if (armed != null) {
      armed.run();
    }
  }

  /// Whether it was stopped from here.
  synchronized boolean isDone() {
    return done;
  }
}
