package dev.countersign.broker;

import java.time.Duration;
import java.util.stream.Stream;

/// How much of the server one minted login may take. The connection limit binds; a login may change
/// its own time-outs, so they are a courtesy to the server and not what protects data.
///
/// @param connections at the same time; 1 to 10
/// @param statement the longest statement
/// @param idle the longest pause inside a transaction
/// @param lock the longest wait for a lock
public record LoginLimits(int connections, Duration statement, Duration idle, Duration lock) {
  private static final int MOST_CONNECTIONS = 10;
  private static final Duration LONGEST = Duration.ofMinutes(5);

  /// Two connections; 30 s a statement, 10 s idle in a transaction, 5 s for a lock.
  public static final LoginLimits USUAL =
      new LoginLimits(2, Duration.ofSeconds(30), Duration.ofSeconds(10), Duration.ofSeconds(5));

  public LoginLimits {
    if (connections < 1 || connections > MOST_CONNECTIONS) {
      throw new IllegalArgumentException("a login may have 1 to 10 connections");
    }
    if (!Stream.of(statement, idle, lock)
        .allMatch(limit -> limit.isPositive() && limit.compareTo(LONGEST) <= 0)) {
      throw new IllegalArgumentException(
          "a login's time-outs must be over 0 and at most 5 minutes");
    }
  }
}
