package dev.countersign.signals.act;

import dev.countersign.signals.SecurityEventToken;

/// How the verification of a security event token ended.
public sealed interface SetCheck {
  /// The token is what it says.
  record Accepted(SecurityEventToken token) implements SetCheck {}

  /// The token is not accepted, and never will be.
  record Rejected(SetError error) implements SetCheck {}

  /// The transmitter's keys cannot be had, so nobody can tell.
  record Undecided(String reason) implements SetCheck {}
}
