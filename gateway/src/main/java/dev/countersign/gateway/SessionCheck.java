package dev.countersign.gateway;

import dev.countersign.protocol.Secret;

/// Knows whether a token still counts, or the person's sessions were ended since. Nothing is
/// remembered: a kill counts from the next question on, on every replica. Threads may share it.
public interface SessionCheck {

  /// Whether the token's sessions are open.
  ///
  /// @throws dev.countersign.protocol.UnavailableException if nobody can tell
  default boolean isOpen(Secret token) {
    return look(token) instanceof Standing.Open;
  }

  /// Where the token's sessions stand.
  ///
  /// @throws dev.countersign.protocol.UnavailableException if nobody can tell
  Standing look(Secret token);

  /// Whether the token's sessions were ended while a call ran. A token that only expires meanwhile
  /// ends nothing: it counted when the call began.
  ///
  /// @throws dev.countersign.protocol.UnavailableException if nobody can tell
  boolean wasEnded(Secret token);

  /// What is known of a token's sessions.
  sealed interface Standing {
    /// They are open.
    ///
    /// @param mail the person's address, or empty
    record Open(String mail) implements Standing {}

    /// They were ended, or the token does not count any more.
    record Ended() implements Standing {}
  }
}
