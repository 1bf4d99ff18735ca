package dev.countersign.sts;

import java.time.Instant;
import java.util.List;

/// Kills and warnings that the transmitter has not been told of yet, and revoked tokens and ended
/// sessions that the broker has not, kept until it has.
public interface EventOutbox {
  /// For the broker: a token was revoked.
  String TOKEN_REVOKED = "token-revoked";

  /// For the broker: what one client does for one person has ended.
  String SESSION_ENDED = "session-ended";

  /// For the broker: what one client does for anybody has ended.
  String CLIENT_ENDED = "client-ended";

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
