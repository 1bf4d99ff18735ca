package dev.countersign.gateway;

import java.time.Duration;
import tools.jackson.databind.node.ObjectNode;

/// The calls of write tools that were begun, for all replicas: a repeat of a call gets the outcome
/// of the first instead of a second effect.
public interface RepeatedCalls {

  /// Begins a call, unless it is a repeat.
  ///
  /// @param within for how long a repeat is one
  /// @throws dev.countersign.protocol.UnavailableException if nobody can tell
  Beginning begin(Key key, String jti, Duration within);

  /// Notes what a call answered. Does nothing where it cannot be noted: then the effect of the call
  /// is told as unknown to whoever repeats it.
  void finish(Key key, String jti, ObjectNode outcome);

  /// Notes that nobody knows whether a call took effect.
  void lose(Key key, String jti);

  /// Forgets a call that certainly had no effect, so that it may be made again.
  void forget(Key key, String jti);

  /// What makes two calls the same.
  ///
  /// @param client who calls for the person
  /// @param arguments digest of the arguments that count
  record Key(String subject, String client, String tool, String arguments) {}

  /// How a call stands when it comes.
  sealed interface Beginning {
    /// It is the first of its kind.
    record First() implements Beginning {}

    /// It was made before.
    ///
    /// @param jti of the call that was made
    record Repeat(String jti, ObjectNode outcome) implements Beginning {}

    /// The same call is being made just now.
    record Running(String jti) implements Beginning {}

    /// It was begun before, and nobody knows whether it took effect.
    record Unknown(String jti) implements Beginning {}
  }
}
