package dev.countersign.sts;

/// Whoever knows whether tokens were used.
public interface TokenUse {

  /// Whether a token opened anything. One that did not opens nothing from now on.
  ///
  /// @throws dev.countersign.protocol.UnavailableException if that cannot be said now
  boolean wasUsed(String audience, String jti);
}
