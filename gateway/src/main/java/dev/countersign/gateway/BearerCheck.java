package dev.countersign.gateway;

import java.util.Set;

/// How the check of a bearer token ended.
public sealed interface BearerCheck {
  /// The token is for us and of this person.
  record Accepted(Caller caller) implements BearerCheck {}

  /// The token is not accepted.
  ///
  /// @param reason for the ledger, never for the caller; no value of the token
  record Rejected(String reason) implements BearerCheck {}

  /// The token is good and lacks a scope that this endpoint needs.
  ///
  /// @param needed all scopes of this endpoint
  record TooNarrow(String subject, Set<String> needed) implements BearerCheck {}

  /// Nobody can tell: the issuer's keys are away.
  record Unavailable(String reason) implements BearerCheck {}
}
