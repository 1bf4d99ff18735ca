package dev.countersign.bench;

import java.util.OptionalDouble;

/// One measured number.
///
/// @param goal at most this much; empty where nothing was promised
public record Figure(String name, double value, String unit, OptionalDouble goal) {

  /// A number with a promise.
  static Figure of(String name, double value, String unit, double goal) {
    return new Figure(name, value, unit, OptionalDouble.of(goal));
  }

  /// A number without one.
  static Figure of(String name, double value, String unit) {
    return new Figure(name, value, unit, OptionalDouble.empty());
  }

  /// Whether the promise was kept; true where there is none.
  boolean isMet() {
    return goal.isEmpty() || value <= goal.getAsDouble();
  }
}
