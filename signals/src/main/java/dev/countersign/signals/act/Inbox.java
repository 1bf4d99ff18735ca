package dev.countersign.signals.act;

import dev.countersign.signals.SecurityEventToken;
import java.time.Instant;
import java.util.List;

/// Where accepted tokens are kept, each once.
public interface Inbox {

  /// Stores a token and one step for each handler. When this returns it may be acknowledged.
  Stored store(TokenKey key, SecurityEventToken token, List<String> handlers, Instant now);

  /// Remembers that the ledger has the token's arrival.
  void noted(TokenKey key, Instant now);

  /// Whether a token is here.
  boolean isStored(TokenKey key);

  /// Whether a token of an issuer about a subject has this `txn`; false for an empty one.
  boolean isKnown(String issuer, String subject, String txn);

  /// How many tokens of an issuer with something to do came since then.
  int countSince(String issuer, Instant since);

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
  ///
  /// @param subject the person as `anchor|stable id`, or the stream; empty for nobody
  record TokenKey(String subject, String issuer, String id) {}
}
