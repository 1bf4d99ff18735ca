package dev.countersign.broker.vault;

import dev.countersign.broker.Refusal;
import dev.countersign.protocol.Secret;

/// How a login ended.
public sealed interface LoginResult {
  /// There is a session.
  ///
  /// @param token what opens it, known to nobody else
  record Opened(Secret token, Session session) implements LoginResult {}

  /// There is none.
  ///
  /// @param reason for the caller's developer; names the member, never a value
  record Refused(Refusal refusal, String reason) implements LoginResult {}
}
