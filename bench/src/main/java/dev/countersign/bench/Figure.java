package dev.countersign.bench;

import java.util.OptionalDouble;

/// One measured number.
///
/// @param goal what was promised; empty where nothing was
/// @param better which side of the goal keeps the promise
public record Figure(String name, double value, String unit, OptionalDouble goal, Better better) {

  /// A number that promises to be at most so much.
  static Figure of(String name, double value, String unit, double goal) {
    return new Figure(name, value, unit, OptionalDouble.of(goal), Better.LESS);
  }

  /// A number that promises to be at least so much.
  static Figure atLeast(String name, double value, String unit, double goal) {
    return new Figure(name, value, unit, OptionalDouble.of(goal), Better.MORE);
  }

  /// A number without one.
  static Figure of(String name, double value, String unit) {
    return new Figure(name, value, unit, OptionalDouble.empty(), Better.LESS);
  }

  /// Whether the promise was kept; true where there is none.
  boolean isMet() {
    return goal.isEmpty()
        || switch (better) {
          case LESS -> value <= goal.getAsDouble();
          case MORE -> value >= goal.getAsDouble();
        };
  }

  /// Which direction is the good one.
  public enum Better {
    LESS,
    MORE
  }
}
