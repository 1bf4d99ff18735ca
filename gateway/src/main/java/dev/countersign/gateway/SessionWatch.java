package dev.countersign.gateway;

import dev.countersign.protocol.Secret;

/// Whether the person whom a call is for is still in, asked where sessions are ended.
@FunctionalInterface
public interface SessionWatch {

  /// Whether the sessions behind a token were ended, or the token was revoked.
  ///
  /// @param onBehalfOfToken one that was good when the call began and whose time is not over
  /// @return false also where nobody can tell
  boolean isEnded(Secret onBehalfOfToken);
}
