package dev.countersign.sts.clients;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// The one-time proofs of one call that were verified but not used up yet: client assertion, DPoP
/// proof, presenter assertion. They are used up together with the first look at the database, so
/// that a call needs one round trip and not three, and in any case before the call is answered.
///
/// For one call, one thread.
public final class Proofs {
  private final List<Use> uses = new ArrayList<>(2);
  private boolean settled;

  /// Notes a proof that this call must be the first to use.
  public void add(Use use) {
    uses.add(use);
  }

  /// Hands the proofs to whoever uses them up now.
  public List<Use> settle() {
    settled = true;
    List<Use> taken = List.copyOf(uses);
    uses.clear();
    return taken;
  }

  public boolean isSettled() {
    return settled && uses.isEmpty();
  }

  /// One use of one proof.
  ///
  /// @param issuer who issued it: ids are unique per issuer only
  /// @param id its `jti`, or a digest of it
  /// @param expiresAt from when the use may be forgotten
  public record Use(String issuer, String id, Instant expiresAt) {}
}
