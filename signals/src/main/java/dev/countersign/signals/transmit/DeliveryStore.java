package dev.countersign.signals.transmit;

import dev.countersign.signals.SecurityEvent;
import dev.countersign.signals.SubjectId;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// What each stream still has to get.
public interface DeliveryStore {

  /// Takes the oldest events that are due for a stream. Until it is acknowledged, each becomes due
  /// again after [#retryAfter].
  Batch take(String streamId, int most, Instant now);

  /// Notes that a stream has these. Ids that are not its own, or done with, are passed over.
  ///
  /// @param each called for every event that this settles, before it is settled for good
  void acknowledge(String streamId, Collection<String> ids, Instant now, Consumer<Settled> each);

  /// Notes that a stream's receiver cannot read these, so that they are not sent again. Ids that
  /// are not its own, or done with, are passed over.
  ///
  /// @param errors what the receiver says is wrong, by id
  /// @param each called for every event that this settles, before it is settled for good
  void reject(String streamId, Map<String, String> errors, Instant now, Consumer<Settled> each);

  /// How long to wait for an acknowledgement before sending again.
  ///
  /// @param deliveries how often it was sent
  static Duration retryAfter(int deliveries) {
    return Duration.ofSeconds(Math.min(60, 1L << Math.min(6, Math.max(0, deliveries - 1))));
  }

  /// Events to send now.
  ///
  /// @param more whether others are due as well
  record Batch(List<Due> due, boolean more) {
    public Batch {
      due = List.copyOf(due);
    }
  }

  /// One event to send.
  record Due(String id, String txn, SubjectId subject, SecurityEvent event, Instant acceptedAt) {}

  /// One event that a stream is done with.
  ///
  /// @param subject the person as `anchor|stable id`, or the stream
  /// @param deliveries how often it was sent
  record Settled(String id, String txn, String subject, Instant acceptedAt, int deliveries) {}
}
