package dev.countersign.gateway.mcp;

/// Counts calls by tool and outcome.
@FunctionalInterface
public interface CallMeter {
  void count(String tool, String outcome);
}
