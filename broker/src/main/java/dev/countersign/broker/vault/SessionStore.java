package dev.countersign.broker.vault;

import dev.countersign.broker.TokenId;
import java.time.Instant;
import java.util.Optional;

/// The sessions of all replicas. What opens one is known by its digest only. Threads and replicas
/// share it.
public interface SessionStore {

  /// Writes a session, unless its token has opened `most` that are still open.
  ///
  /// @return false if nothing was written
  boolean add(String digest, Session session, int most, Instant now);

  /// The session, also when it is over.
  Optional<Session> find(String digest);

  /// Lets a session live until `until`, if it is there.
  ///
  /// @return false if it is not
  boolean extend(String digest, Instant until);

  /// Ends a session.
  ///
  /// @return false if it is not there
  boolean remove(String digest);

  /// Forgets sessions that are over.
  void forget(Instant before);

  /// Whether another session of this token is open.
  boolean isOpen(TokenId token, Instant now);
}
