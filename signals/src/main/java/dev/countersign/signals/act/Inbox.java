package dev.countersign.signals.act;

import dev.countersign.signals.SecurityEventToken;
import java.time.Instant;
import java.util.List;

/// Where accepted tokens are kept, each once.
public interface Inbox {

  /// Stores a token and one step for each handler. When this returns it may be acknowledged.
  Stored store(SecurityEventToken token, List<String> handlers, Instant now);

  /// Remembers that the ledger has the token's arrival.
  void noted(TokenKey key, Instant now);

  /// What became of a token.
  enum Stored {
    /// It was not here before.
    NEW,
    /// It was here, but the ledger may not know.
    NOT_NOTED,
    /// It was here.
    REPEATED
  }

  /// What identifies a token.
  record TokenKey(String subject, String issuer, String id) {
    public static TokenKey of(SecurityEventToken token) {
      return new TokenKey(token.subjectKey(), token.issuer(), token.id());
    }
  }
}
