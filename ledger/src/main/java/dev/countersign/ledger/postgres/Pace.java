package dev.countersign.ledger.postgres;

import java.time.Duration;

/// How fast entries came lately, for one thread.
final class Pace {
  private static final double WEIGHT_OF_NEW = 0.2;

  private double perNano;
  private long last = System.nanoTime();

  /// A group was written.
  void note(int entries) {
    long now = System.nanoTime();
    double seen = entries / (double) Math.max(1, now - last);
    perNano += WEIGHT_OF_NEW * (seen - perNano);
    last = now;
  }

  /// How long until that many more may be here, but no longer than `most`; 0 where even that would
  /// hardly bring two.
  long nanosUntil(int entries, Duration most) {
    double expected = perNano * most.toNanos();
    return expected < 2 ? 0 : (long) Math.min((double) most.toNanos(), entries / perNano);
  }
}
