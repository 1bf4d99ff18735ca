package dev.countersign.gateway;

import java.time.Instant;
import java.util.List;

/// Events of blocked calls that nobody has taken yet, kept until somebody has.
public interface EventOutbox {
  /// Takes due events for one sender; no other replica takes them until `until`.
  List<Due> claim(Instant now, Instant until, int limit);

  /// The event was taken.
  void taken(Due event);

  /// It was not, and is tried again.
  void retry(Due event, Instant at);

  /// An event to send.
  ///
  /// @param body for our transmitter's ingest, JSON
  /// @param attempts how many times it was tried before
  record Due(String subject, String txn, String body, int attempts) {}
}
