package dev.countersign.sts;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// Who is locked out. Closing the gate is durable before [#close] returns.
public interface Gate {

  /// When the person's sessions were last ended, if ever.
  Optional<Instant> closedAt(String subject);

  /// Closes the gate, cancels what the person has pending and, where the kill is ours to announce,
  /// writes the event for the transmitter: all in one transaction.
  void close(Kill kill);

  /// Counts a call that policy blocked and, if it is one too many, closes the gate as [#close]
  /// does; parallel calls are each counted.
  ///
  /// @param kill what to do then; its `txn` is the call's id
  /// @return whether the gate was closed
  boolean closeIfBlockedTooOften(Kill kill, int most, Duration within);

  /// Notes that a token of a person was refused because the gate is closed.
  ///
  /// @return the transaction of the kill, the first time only
  Optional<String> firstRefusal(String subject, Instant now);

  /// Lets a person in again, whenever they signed in.
  ///
  /// @return false if the gate was open
  boolean open(String subject);
}
