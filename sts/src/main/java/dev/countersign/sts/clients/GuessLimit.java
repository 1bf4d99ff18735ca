package dev.countersign.sts.clients;

import java.time.Instant;

/// Counts wrong client secrets, for all replicas. Threads may share it.
public interface GuessLimit {

  /// Whether this client may try secrets from this source now.
  Lock lock(String client, String source, Instant now);

  /// Counts a wrong secret.
  void wrong(String client, String source, Instant now);

  /// What may be tried.
  enum Lock {
    /// Any secret.
    NONE,
    /// Few, since many were wrong that came from this source, for whichever client: others may
    /// stand behind the same proxy.
    SOURCE,
    /// None of this client from this source.
    CLIENT
  }
}
