package dev.countersign.gateway;

import dev.countersign.protocol.Secret;

/// Knows whether a token still counts, or the person's sessions were ended since. Nothing is
/// remembered: a kill counts from the next question on, on every replica. Threads may share it.
public interface SessionCheck {

  /// Whether the token's sessions are open.
  ///
  /// @throws dev.countersign.protocol.UnavailableException if nobody can tell
  boolean isOpen(Secret token);

  /// Whether the token's sessions were ended while a call ran. A token that only expires meanwhile
  /// ends nothing: it counted when the call began.
  ///
  /// @throws dev.countersign.protocol.UnavailableException if nobody can tell
  boolean wasEnded(Secret token);
}
