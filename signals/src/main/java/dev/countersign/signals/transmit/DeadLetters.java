package dev.countersign.signals.transmit;

import java.time.Instant;
import java.util.List;

/// Events that a stream will not get any more, and the limits that make them so.
public interface DeadLetters {

  /// The dead, the latest first.
  List<Dead> list(int most);

  /// Has one event delivered again to every stream where it is dead.
  ///
  /// @return to how many
  int revive(String id, Instant now);

  /// Makes the oldest events of a stream dead that keeps more than it may.
  ///
  /// @return by stream, how many
  List<Overflow> dropOverflow(int mostWaiting, Instant now);

  /// Forgets events that every stream is done with, well or not, some at a time.
  void forget(Instant settledBefore);

  /// How many events wait in each stream.
  List<Overflow> waiting();

  /// One dead event.
  ///
  /// @param reason why it is dead
  record Dead(
      String id,
      String txn,
      String subject,
      String streamId,
      String receiver,
      String reason,
      int deliveries,
      Instant at) {}

  /// A stream and a number of its events.
  record Overflow(String streamId, String receiver, int events) {}
}
