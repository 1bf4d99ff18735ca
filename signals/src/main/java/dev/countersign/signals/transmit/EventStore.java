package dev.countersign.signals.transmit;

import java.time.Instant;
import java.util.Optional;

/// Where accepted events are kept until every stream has them.
@FunctionalInterface
public interface EventStore {

  /// Stores an event together with one delivery for each stream that wants it, or finds it again if
  /// the same source handed in the same type about the same subject under the same `txn`.
  ///
  /// @param perMinute how many new events the source may hand in within a minute
  /// @return empty if it handed in too many
  Optional<Accepted> accept(String source, IncomingEvent event, int perMinute, Instant now);

  /// An event that is stored.
  ///
  /// @param id the `jti` of its tokens
  /// @param streams how many streams get it
  record Accepted(String id, int streams, boolean repeated) {}
}
