package dev.countersign.protocol;

import java.time.Instant;

/// Remembers the ids of one-time tokens until they expire, for all replicas.
@FunctionalInterface
public interface ReplayGuard {

  /// Notes an id and reports whether this was its first use.
  ///
  /// @param issuer who issued the token: ids are unique per issuer only
  /// @param expiresAt from when the id may be forgotten
  boolean isFirstUse(String issuer, String id, Instant expiresAt);
}
