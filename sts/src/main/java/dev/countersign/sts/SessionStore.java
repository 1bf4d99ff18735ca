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

  /// One client that acts for one person.
  ///
  /// @param endedAt sign-ins up to then are locked out, or null
  record Session(
      String id, String client, Instant startedAt, Instant lastSeenAt, @Nullable Instant endedAt) {}
}
