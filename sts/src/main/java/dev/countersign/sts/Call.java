package dev.countersign.sts;

import dev.countersign.protocol.Ids;

/// One token request, as the ledger knows it.
///
/// @param jti the id that joins everything about this request, and the token's if there is one
/// @param client the authenticated client's id, or empty
/// @param subject the person's key, or empty while unknown
record Call(String jti, String client, String subject) {

  /// A call of nobody yet.
  static Call anonymous() {
    return new Call(Ids.random(), "", "");
  }

  Call by(Client known) {
    return new Call(jti, known.id(), subject);
  }

  Call of(Subject known) {
    return new Call(jti, client, known.key());
  }

  /// The same request as part of an approval's story.
  Call joined(String approvalJti) {
    return new Call(approvalJti, client, subject);
  }
}
