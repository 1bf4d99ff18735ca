package dev.countersign.sts;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Which clients acted for which people. Threads may share it.
public interface SessionStore {

  /// A person's sessions, the latest first.
  List<Session> of(String subject);

  /// Ends one session; durable when this returns.
  ///
  /// @return the client whose it was, or empty if there is no such session
  Optional<String> end(String subject, String session, Instant at, String by);

  /// Ends what one client may do for a person, whether it did anything before or not; durable when
  /// this returns.
  void endClient(String subject, String client, Instant at, String by);

  /// Lets a client act for a person again.
  ///
  /// @return false if it was not shut out
  boolean openClient(String subject, String client);

  /// When a client was last shut out for a person, if ever.
  Optional<Instant> endedAt(String subject, String client);

  /// One client that acts for one person.
  ///
  /// @param endedAt sign-ins up to then are locked out, or null
  record Session(
      String id, String client, Instant startedAt, Instant lastSeenAt, @Nullable Instant endedAt) {}
}
