package dev.countersign.broker.vault;

import java.time.Instant;
import java.util.Optional;

/// Sealed answers that wait for whoever holds their token. Threads and replicas share it.
public interface WrappedAnswers {

  /// Keeps one.
  ///
  /// @param digest of its token
  void add(String digest, Kept kept);

  /// Takes one out; the same one again is not handed out.
  Taken take(String digest, Instant now);

  /// What is known of one that nobody took yet.
  Optional<Kept> find(String digest, Instant now);

  /// Forgets those that were over before.
  void forget(Instant before);

  /// A sealed answer.
  ///
  /// @param sealed opens with its token only
  /// @param path what was asked for
  record Kept(String sealed, String path, Instant createdAt, Instant expiresAt) {}

  /// How the attempt to take one out ended.
  sealed interface Taken {
    /// Here it is, for the first and last time.
    record First(Kept kept) implements Taken {}

    /// Somebody took it before.
    record Again(String path) implements Taken {}

    /// There is none, or its time is over.
    record Nothing() implements Taken {}
  }
}
