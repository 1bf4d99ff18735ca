package dev.countersign.broker;

import java.util.List;

/// A target database is set up so that a minted login could do more than it should.
public final class UnsafeTargetException extends RuntimeException {
  private final List<String> problems;

  /// @param problems one sentence each, saying what to change
  public UnsafeTargetException(String database, List<String> problems) {
    super("database " + database + ": " + String.join("; ", problems));
    this.problems = List.copyOf(problems);
  }

  public List<String> problems() {
    return problems;
  }
}
