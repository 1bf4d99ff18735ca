package dev.countersign.gateway;

/// Tells every replica that a caller does not want a call any more. Threads may share it.
@FunctionalInterface
public interface CancelNews {

  /// Tells it; a replica that does not hear it lets the call run to its end.
  ///
  /// @param name of the call, as [RunningCalls#name] makes it
  void tell(String name);
}
