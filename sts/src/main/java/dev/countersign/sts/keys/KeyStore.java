package dev.countersign.sts.keys;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Our signing keys, for all replicas. Threads may share it.
public interface KeyStore {

  /// Every key that is still published, the oldest first.
  ///
  /// @throws IllegalStateException if one is sealed with another encryption key
  List<SigningKey> published(Instant now);

  /// Adds a key, and lets the others of its algorithm go at a time.
  ///
  /// @param newest the algorithm's newest key as the caller knows it, or empty; where another was
  ///   added meanwhile, nothing happens
  /// @param othersEnd until when the others are published
  /// @return whether the key was added
  boolean add(SigningKey key, Optional<String> newest, Instant othersEnd);
}
