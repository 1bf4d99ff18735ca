package dev.countersign.sts.stepup;

import dev.countersign.protocol.Secret;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/// Brings a one-time code to a person on a channel that the agent cannot reach.
@FunctionalInterface
public interface CodeSender {

  /// Sends one code and returns when the next server has taken it.
  ///
  /// @throws NotSent if it has not
  void send(String address, Approval approval, URI page, Secret code);

  /// The code did not leave.
  final class NotSent extends RuntimeException {
    /// @param message what failed; no address, no code
    public NotSent(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }
}
