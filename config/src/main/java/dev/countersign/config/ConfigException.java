package dev.countersign.config;

import java.util.List;

/// The configuration cannot be used. The message lists every problem, one a line.
public final class ConfigException extends RuntimeException {
  private final List<String> problems;

  public ConfigException(List<String> problems) {
    super(String.join("\n", problems));
    this.problems = List.copyOf(problems);
  }

  /// Each problem as `file:line: key: what is wrong and how to mend it`.
  public List<String> problems() {
    return problems;
  }
}
