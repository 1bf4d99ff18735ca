package dev.countersign.sts;

import java.time.Instant;

/// Where answers for retries are kept, for all replicas. Threads may share it.
public interface RepeatStore {

  /// Claims a key, or finds what became of it.
  ///
  /// @param until how long the claim holds without an answer
  /// @param expiresAt from when the key may be forgotten
  Found begin(
      String client,
      String keyDigest,
      String requestDigest,
      Instant now,
      Instant until,
      Instant expiresAt);

  /// Keeps the answer of a claim.
  ///
  /// @return false if the claim was lost
  boolean keep(String client, String keyDigest, Instant until, String sealed);

  /// Gives a claim up.
  void release(String client, String keyDigest, Instant until);

  /// What became of a key.
  sealed interface Found {
    /// The caller has it now.
    record Mine() implements Found {}

    /// It has its answer.
    record Answered(String requestDigest, String sealed) implements Found {}

    /// Somebody is at it.
    record Busy(String requestDigest) implements Found {}
  }
}
