package dev.countersign.signals.transmit;

import java.time.Instant;

/// Where accepted events are kept until every stream has them.
@FunctionalInterface
public interface EventStore {

  /// Stores an event together with one delivery for each stream that wants it, or finds it again if
  /// the same source handed in the same type about the same subject under the same `txn`.
  Accepted accept(String source, IncomingEvent event, Instant now);

  /// An event that is stored.
  ///
  /// @param id the `jti` of its tokens
  /// @param streams how many streams get it
  record Accepted(String id, int streams, boolean repeated) {}
}
