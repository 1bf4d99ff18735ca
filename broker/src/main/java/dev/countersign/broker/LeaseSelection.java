package dev.countersign.broker;

/// Which leases an operation is about.
public sealed interface LeaseSelection {

  /// All of a person.
  ///
  /// @param subject `sub`, as `anchor|stable id`
  record OfSubject(String subject) implements LeaseSelection {}

  /// All that one STS client minted.
  record OfClient(String client) implements LeaseSelection {}

  /// All that one STS client minted for one person.
  record OfSession(String subject, String client) implements LeaseSelection {}

  /// All that a token paid for.
  record OfToken(String jti) implements LeaseSelection {}

  /// All whose id begins so, of one presenter.
  ///
  /// @param presenter the workload that minted them; empty for all workloads
  record WithPrefix(String prefix, String presenter) implements LeaseSelection {}
}
