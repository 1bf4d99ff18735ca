package dev.countersign.sts;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Which clients acted for which people. Threads may share it.
public interface SessionStore {
  /// In the place of a person's key: all people. No key looks so.
  String EVERYBODY = "*";

  /// A person's sessions, the latest first.
  List<Session> of(String subject);

  /// Ends one session; durable when this returns. A broker, where there is one, is told in the same
  /// transaction.
  ///
  /// @param txn the id of the order, for the broker
  /// @return the client whose it was, or empty if there is no such session
  Optional<String> end(String subject, String session, String txn, Instant at, String by);

  /// Ends what one client may do for a person, whether it did anything before or not; durable when
  /// this returns. A broker, where there is one, is told in the same transaction.
  ///
  /// @param subject the person's key, or [#EVERYBODY]: then no sign-in opens it again
  /// @param txn the id of the order, for the broker
  void endClient(String subject, String client, String txn, Instant at, String by);

  /// Lets a client act for a person again, or for everybody.
  ///
  /// @return false if it was not shut out
  boolean openClient(String subject, String client);

  /// Whether a client is shut out for exactly this person, or for [#EVERYBODY].
  boolean isShut(String subject, String client);

  /// When a client was last shut out for a person or for everybody, if ever.
  Optional<Instant> endedAt(String subject, String client);

  /// One client that acts for one person.
  ///
  /// @param endedAt sign-ins up to then are locked out, or null
  record Session(
      String id, String client, Instant startedAt, Instant lastSeenAt, @Nullable Instant endedAt) {}
}
