package dev.countersign.console;

import java.time.Duration;

/// How long a session of the console may live, whatever the provider's tokens say.
///
/// @param idle without the person doing anything
/// @param absolute from sign-in to the next
public record SessionLimits(Duration idle, Duration absolute) {
  public static final SessionLimits STANDARD =
      new SessionLimits(Duration.ofMinutes(30), Duration.ofHours(10));

  /// @throws IllegalArgumentException naming the key
  public SessionLimits {
    if (!idle.isPositive() || idle.compareTo(absolute) > 0) {
      throw new IllegalArgumentException("`idle` must be positive and at most `absolute`");
    }
  }
}
