package dev.countersign.idp;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/// The time of a test, which starts as it is and then moves by hand.
final class MovableClock implements InstantSource {
  private final Instant start = InstantSource.system().instant();
  private volatile Duration moved = Duration.ZERO;

  void move(Duration by) {
    moved = moved.plus(by);
  }

  @Override
  public Instant instant() {
    return start.plus(moved);
  }
}
