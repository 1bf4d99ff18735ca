package dev.countersign.broker;

import dev.countersign.protocol.Secret;

/// How a request for a credential ended.
public sealed interface MintResult {
  /// There is a login.
  record Minted(Lease lease, Secret password) implements MintResult {}

  /// Nothing was made.
  ///
  /// @param reason for the caller's developer; names the member, never a value
  record Refused(Refusal refusal, String reason) implements MintResult {}
}
