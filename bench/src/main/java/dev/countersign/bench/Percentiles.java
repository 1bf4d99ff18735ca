package dev.countersign.bench;

import java.util.Arrays;
import java.util.List;

/// Times of one kind of call, in milliseconds.
final class Percentiles {
  private final double[] sorted;

  Percentiles(double[] millis) {
    sorted = millis.clone();
    Arrays.sort(sorted);
  }

  double at(double quantile) {
    return sorted[(int) Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))];
  }

  /// p50, p95 and p99 as figures without a goal.
  List<Figure> figures(String name) {
    return List.of(
        Figure.of(name + ", p50", at(0.50), "ms"),
        Figure.of(name + ", p95", at(0.95), "ms"),
        Figure.of(name + ", p99", at(0.99), "ms"));
  }
}
