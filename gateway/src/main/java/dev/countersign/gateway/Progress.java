package dev.countersign.gateway;

import java.math.BigDecimal;
import java.util.Optional;

/// Tells whoever waits for a call how far it is: never a reason, never data. Threads may share it.
@FunctionalInterface
public interface Progress {
  /// Nobody listens.
  Progress UNHEARD = _ -> {};

  /// Tells it. Never fails and never waits.
  void at(Step step);

  /// How far a call is.
  sealed interface Step {
    /// It has come to a stage of ours.
    record Reached(Stage stage) implements Step {}

    /// The server behind us that makes it says so.
    ///
    /// @param text in its words, cut and without what nobody sees; may be empty
    record Elsewhere(BigDecimal progress, Optional<BigDecimal> total, String text)
        implements Step {}
  }

  /// Our stages, in order.
  enum Stage {
    /// The call may be made.
    AUTHORIZED,
    /// A login for it is there, or nothing more is needed to ask the server behind us.
    READY,
    /// It has ended, and with it its login.
    ENDED
  }
}
