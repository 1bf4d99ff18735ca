package dev.countersign.sts.clients;

import java.time.Instant;

/// Counts wrong client secrets, for all replicas. Threads may share it.
public interface GuessLimit {

  /// Whether this client may not try secrets from this source now.
  boolean isLocked(String client, String source, Instant now);

  /// Counts a wrong secret.
  void wrong(String client, String source, Instant now);
}
