package dev.countersign.sts;

import dev.countersign.sts.clients.Proofs;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The first look at the database: uses up the proofs of a call and reads whether its person may
/// come in, in one round trip. Threads may share it.
public interface Entrance {

  /// Uses up proofs and reads the gates; no subject token is exchanged.
  ///
  /// @param subject the person's key, or empty where nobody is known
  /// @param client the authenticated client, or empty
  default Entry enter(List<Proofs.Use> proofs, String subject, String client) {
    return enter(proofs, subject, client, null);
  }

  /// Uses up proofs, reads the gates and counts one more exchange of a subject token.
  ///
  /// @param subject the person's key, or empty where nobody is known
  /// @param client the authenticated client, or empty
  /// @param token the subject token, or null where none is exchanged
  Entry enter(List<Proofs.Use> proofs, String subject, String client, @Nullable Token token);

  /// A subject token in the hands of one client.
  ///
  /// @param id the same for each exchange of it by this client, and for nothing else
  /// @param expiresAt from when it is good for nothing
  record Token(String id, Instant expiresAt) {}

  /// How often a token was exchanged, this time included.
  record Uses(int inMinute, int inAll) {
    /// Where no token is exchanged.
    public static final Uses NONE = new Uses(0, 0);
  }

  /// What was found.
  ///
  /// @param replayed a proof that was used before, or null
  /// @param closedAt when the person's sessions were last ended, or null: all of them, or those
  ///   with this client, whichever is later
  /// @param uses how often the subject token was exchanged
  record Entry(Proofs.@Nullable Use replayed, @Nullable Instant closedAt, Uses uses) {
    /// Whether every proof was used for the first time.
    public boolean isFresh() {
      return replayed == null;
    }
  }
}
