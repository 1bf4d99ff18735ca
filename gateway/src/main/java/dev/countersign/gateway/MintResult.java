package dev.countersign.gateway;

/// How a mint at the broker ended.
public sealed interface MintResult {
  /// A login was made.
  record Minted(Lease lease) implements MintResult {}

  /// The broker refused.
  ///
  /// @param code the broker's code, such as `RAR_NO_MATCH`
  record Refused(String code) implements MintResult {}
}
