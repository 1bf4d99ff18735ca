package dev.countersign.sts;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// Where policies are kept, and which of them all replicas run.
public interface PolicyStore {

  /// The policy in force, if there ever was one.
  Optional<InForce> inForce();

  /// Keeps a policy and puts it in force everywhere.
  void activate(String version, String document, Instant now);

  /// Waits until another policy may have been put in force: until somebody says so, or the time is
  /// over, or the database came back after it was away.
  ///
  /// @return false if only the time is over
  boolean await(Duration longest) throws InterruptedException;

  /// The policy that replicas run.
  record InForce(String version, String document, Instant since) {}
}
