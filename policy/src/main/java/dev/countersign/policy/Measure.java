package dev.countersign.policy;

/// What a counter makes of its values.
enum Measure {
  /// Adds integers up.
  SUM,
  /// Counts elements.
  COUNT,
  /// Counts different values.
  DISTINCT,
  /// Keeps the newest value.
  LAST;

  boolean hasTotal() {
    return this != LAST;
  }
}
