package dev.countersign.gateway;

import dev.countersign.protocol.Secret;

/// Where a pending approval stands.
public sealed interface ApprovalState {
  /// Nobody has answered yet.
  record Pending() implements ApprovalState {}

  /// The person approved.
  ///
  /// @param assertion the proof for the second leg
  record Given(Secret assertion) implements ApprovalState {}

  /// The code that was passed on is wrong; another may be tried.
  ///
  /// @param left how many more
  record WrongCode(int left) implements ApprovalState {}

  /// It will not be approved.
  ///
  /// @param code what the agent can tell apart, such as `approval_denied`
  /// @param reason for the agent to say
  record Refused(String code, String reason) implements ApprovalState {}
}
