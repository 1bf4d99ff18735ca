package dev.countersign.sts;

import dev.countersign.protocol.Ids;
import dev.countersign.sts.clients.Client;
import dev.countersign.sts.clients.Proofs;
import org.jspecify.annotations.Nullable;

/// One token request, as the ledger knows it.
///
/// @param jti the id that joins everything about this request, and the token's if there is one
/// @param client the authenticated client's id, or empty
/// @param subject the person's key, or empty while unknown
/// @param proofs the one-time proofs that came with it
/// @param claim the hold on its `Idempotency-Key`, or null without one
record Call(
    String jti, String client, String subject, Proofs proofs, Repeats.@Nullable Claim claim) {

  /// A call of nobody yet.
  static Call anonymous() {
    return new Call(Ids.random(), "", "", new Proofs(), null);
  }

  Call by(Client known) {
    return new Call(jti, known.id(), subject, proofs, claim);
  }

  Call of(Subject known) {
    return of(known.key());
  }

  Call of(String known) {
    return new Call(jti, client, known, proofs, claim);
  }

  /// The same request as part of a story that began earlier.
  Call joined(String earlierJti) {
    return new Call(earlierJti, client, subject, proofs, claim);
  }

  Call holding(Repeats.Claim held) {
    return new Call(jti, client, subject, proofs, held);
  }
}
