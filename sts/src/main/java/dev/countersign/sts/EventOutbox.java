package dev.countersign.sts;

import java.time.Instant;
import java.util.List;

/// Kills and warnings that the transmitter, and revoked tokens that the broker has not been told of
/// yet, kept until it has.
public interface EventOutbox {

  /// Takes due events for one sender; no other replica takes them until `until`.
  List<Due> claim(Instant now, Instant until, int limit);

  void delivered(Due event, Instant now);

  void retry(Due event, Instant at);

  /// One event to deliver.
  ///
  /// @param target who is to be told
  /// @param kind the last part of its type
  /// @param body what it is sent, JSON
  /// @param attempts how many times it was tried before
  record Due(String subject, String txn, Target target, String kind, String body, int attempts) {}

  /// Who is told.
  enum Target {
    TRANSMITTER,
    BROKER
  }
}
