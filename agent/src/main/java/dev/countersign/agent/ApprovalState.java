package dev.countersign.agent;

import dev.countersign.protocol.Secret;

/// Where an approval stands.
public sealed interface ApprovalState {
  /// Nobody has answered yet.
  record Pending() implements ApprovalState {}

  /// The person approved.
  ///
  /// @param assertion good once, within a minute, for the details that they saw
  record Given(Secret assertion) implements ApprovalState {}

  /// It will not be given any more.
  ///
  /// @param code such as `approval_denied` or `approval_expired`
  record Refused(String code, String reason) implements ApprovalState {}
}
