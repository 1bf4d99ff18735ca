package dev.countersign.gateway;

/// Counts calls that policy blocked, and asks for the end of a person's sessions where they are too
/// many. Threads may share it.
public interface BlockedCalls {
  /// Counts nothing.
  BlockedCalls NOT_COUNTED = (_, _) -> {};

  /// A call was blocked. If it is one too many, the event is durable when this returns.
  ///
  /// @param jti the call; counted once
  void blocked(String subject, String jti);
}
