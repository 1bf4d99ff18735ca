package dev.countersign.ledger.postgres;

import java.time.Duration;

/// How fast entries came lately, for one thread. Entries and time fade alike, so that two groups in
/// quick succession do not pass for a crowd.
final class Pace {
  private static final double WEIGHT_OF_NEW = 0.2;
  private static final long LONGEST_GAP = Duration.ofMillis(100).toNanos();

  private double entries;
  private double nanos = LONGEST_GAP;
  private long last = System.nanoTime();

  /// A group was written.
  void note(int written) {
    long now = System.nanoTime();
    entries += WEIGHT_OF_NEW * (written - entries);
    nanos += WEIGHT_OF_NEW * (Math.clamp(now - last, 1, LONGEST_GAP) - nanos);
    last = now;
  }

  /// How long until that many more may be here, but no longer than `most`; 0 where even that would
  /// hardly bring two.
  long nanosUntil(int wanted, Duration most) {
    double expected = entries / nanos * most.toNanos();
    return expected < 2 ? 0 : (long) Math.min((double) most.toNanos(), wanted * nanos / entries);
  }
}
