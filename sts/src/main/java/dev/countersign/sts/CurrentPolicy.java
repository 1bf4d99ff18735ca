package dev.countersign.sts;

import dev.countersign.policy.Policy;
import dev.countersign.policy.TypeRegistry;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/// The policy in force at this replica. Threads may share it; who decides takes it once.
public final class CurrentPolicy implements Supplier<Policy> {
  private final AtomicReference<Policy> policy;

  public CurrentPolicy(Policy policy) {
    this.policy = new AtomicReference<>(policy);
  }

  @Override
  public Policy get() {
    return policy.get();
  }

  /// The types of the policy in force.
  TypeRegistry types() {
    return policy.get().types();
  }

  public void replace(Policy other) {
    policy.set(other);
  }
}
