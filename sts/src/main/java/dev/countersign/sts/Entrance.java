package dev.countersign.sts;

import dev.countersign.sts.clients.Proofs;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The first look at the database: uses up the proofs of a call and reads whether its person may
/// come in, in one round trip. Threads may share it.
public interface Entrance {

  /// Uses up proofs and reads the gates.
  ///
  /// @param subject the person's key, or empty where nobody is known
  /// @param client the authenticated client, or empty
  Entry enter(List<Proofs.Use> proofs, String subject, String client);

  /// What was found.
  ///
  /// @param replayed a proof that was used before, or null
  /// @param closedAt when the person's sessions were last ended, or null: all of them, or those
  ///   with this client, whichever is later
  record Entry(Proofs.@Nullable Use replayed, @Nullable Instant closedAt) {
    /// Whether every proof was used for the first time.
    public boolean isFresh() {
      return replayed == null;
    }
  }
}
