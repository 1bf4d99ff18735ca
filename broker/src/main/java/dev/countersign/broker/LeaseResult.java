package dev.countersign.broker;

import java.util.List;

/// How a request about leases ended.
public sealed interface LeaseResult {

  /// There is such a lease.
  record Found(Lease lease) implements LeaseResult {}

  /// The leases there are.
  record Listed(List<LeaseId> ids) implements LeaseResult {
    public Listed {
      ids = List.copyOf(ids);
    }
  }

  /// The lease lives until its new end.
  record Renewed(Lease lease) implements LeaseResult {}

  /// What was to be gone is gone.
  ///
  /// @param count how many leases this call ended
  record Revoked(int count) implements LeaseResult {}

  /// Whether a token opened anything; one that did not is refused from now on.
  record Settled(boolean wasUsed) implements LeaseResult {}

  /// Nothing was done.
  ///
  /// @param reason for the caller's developer; names the member, never a value
  record Refused(Refusal refusal, String reason) implements LeaseResult {}
}
