package dev.countersign.sts;

import java.time.Instant;
import java.util.Optional;

/// Who is locked out. Closing the gate is durable before [#close] returns.
public interface Gate {

  /// When the person's sessions were last ended, if ever.
  Optional<Instant> closedAt(String subject);

  /// Closes the gate, cancels what the person has pending and, where the kill is ours to announce,
  /// writes the event for the transmitter: all in one transaction.
  void close(Kill kill);

  /// Lets a person in again, whenever they signed in.
  ///
  /// @return false if the gate was open
  boolean open(String subject);
}
