package dev.countersign.gateway.http;

import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;

/// A revocation, tried a few times: a lease that nobody ends lives on for minutes.
final class Retried {
  private static final List<Duration> PAUSES =
      List.of(Duration.ZERO, Duration.ofMillis(200), Duration.ofSeconds(1));

  private Retried() {}

  /// Tries until it succeeds, also for a caller who went away and may have interrupted this thread.
  ///
  /// @return whether it did
  static boolean until(BooleanSupplier attempt) {
    boolean interrupted = Thread.interrupted();
    try {
      for (Duration pause : PAUSES) {
        if (pause.isPositive()) {
          Thread.sleep(pause);
        }
        if (attempt.getAsBoolean()) {
          return true;
        }
      }
      return false;
    } catch (InterruptedException again) {
      interrupted = true;
      return attempt.getAsBoolean();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
