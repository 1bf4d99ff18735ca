package dev.countersign.sts;

import java.time.Instant;

/// Tokens of ours that were revoked before they expired. Threads may share it.
public interface RevokedTokens {
  boolean isRevoked(String jti);

  /// Revokes a token; durable when this returns.
  ///
  /// @param expiresAt from when the token is dead anyway
  void revoke(String jti, Instant now, Instant expiresAt);
}
