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

  /// How many entries a time would bring.
  double expected(Duration time) {
    return perNano * time.toNanos();
  }
}
