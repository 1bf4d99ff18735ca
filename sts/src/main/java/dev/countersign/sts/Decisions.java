package dev.countersign.sts;

import dev.countersign.policy.AccessRequest;
import dev.countersign.policy.Attribute;
import dev.countersign.policy.Decision;
import dev.countersign.policy.Policy;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/// Asks the gate and the policy about one request. A policy that breaks denies.
///
/// Threads may share it.
final class Decisions {
  private final Policy policy;
  private final AttributeStore attributes;
  private final Gate gate;
  private final Consumer<RuntimeException> policyFailures;
  private final Set<String> attributeNames;

  /// @param policyFailures told when the policy engine itself breaks
  Decisions(
      Policy policy,
      AttributeStore attributes,
      Gate gate,
      Consumer<RuntimeException> policyFailures) {
    this.policy = policy;
    this.attributes = attributes;
    this.gate = gate;
    this.policyFailures = policyFailures;
    var names = new HashSet<>(policy.attributes());
    names.add(AttributeStore.MAIL);
    this.attributeNames = Set.copyOf(names);
  }

  /// Whether the person's sessions were ended and no sign-in came after.
  boolean isLockedOut(Subject subject) {
    return gate.closedAt(subject.key())
        .filter(closedAt -> !subject.signedInAfter(closedAt))
        .isPresent();
  }

  /// What policy may know about the person: the token's word first, then the store's.
  Map<String, Attribute> factsOf(Subject subject) {
    return subject.attributesWith(attributes.of(subject.key(), attributeNames));
  }

  Decision decide(
      TokenRequest request, Subject subject, Map<String, Attribute> facts, Instant now) {
    var asked =
        new AccessRequest(
            subject.key(),
            subject.anchor(),
            facts,
            request.client().id(),
            request.client().id(),
            request.scopes(),
            request.details(),
            now);
    try {
      return policy.decide(asked);
    } catch (RuntimeException broken) {
      policyFailures.accept(broken);
      return new Decision.Deny(policy.version(), "the policy could not be evaluated", List.of());
    }
  }
}
