package dev.countersign.policy;

/// Where a request stands when it is decided.
public enum Stage {
  /// It is new.
  FIRST,
  /// The person has approved it, and it is decided again before the token is issued.
  APPROVED
}
