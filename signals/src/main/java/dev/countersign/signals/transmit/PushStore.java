package dev.countersign.signals.transmit;

import java.time.Instant;
import java.util.List;

/// What is to be pushed. Replicas share the work: what one takes, no other takes until then.
public interface PushStore {

  /// Takes the oldest events that are due for a stream, for each subject only the first that is
  /// open, so that the events of one subject arrive in order.
  ///
  /// @param until how long they are ours
  List<Attempt> take(String streamId, int most, Instant now, Instant until);

  /// It did not work; it is tried again then.
  ///
  /// @param error why, in a few words
  void postpone(String streamId, DeliveryStore.Due due, String error, Instant at);

  /// One event to push.
  ///
  /// @param attempts how often it was tried before
  /// @param since when it was accepted, or had delivered again
  record Attempt(DeliveryStore.Due due, int attempts, Instant since) {}
}
