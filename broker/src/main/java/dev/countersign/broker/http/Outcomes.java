package dev.countersign.broker.http;

/// Counts how requests ended. Operations and outcomes are words of small closed sets.
@FunctionalInterface
public interface Outcomes {
  void count(String operation, String outcome);
}
