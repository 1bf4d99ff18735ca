package dev.countersign.sts;

import dev.countersign.policy.AccessRequest;
import dev.countersign.policy.Decision;
import dev.countersign.policy.Grounds;
import org.jspecify.annotations.Nullable;

/// A decision point of another maker, asked instead of our rules or in addition to them.
public interface OutsideDecisions {

  /// There is none.
  OutsideDecisions NONE = new OutsideDecisions() {};

  /// Whether there is one.
  default boolean isThere() {
    return false;
  }

  /// Whether our own rules are not asked.
  default boolean isAlone() {
    return false;
  }

  /// Its answer, or null if there is nobody to ask. No answer in time is a denial.
  default @Nullable Decision ask(AccessRequest asked, String policyVersion) {
    return null;
  }

  /// What stands in for our own rules where they are not asked.
  default Decision open(String policyVersion) {
    return new Decision.Permit(Grounds.of(policyVersion, "the outside decision point decides"));
  }

  /// Whether anything is left to be decided.
  static boolean isOpen(Decision own) {
    return own instanceof Decision.Permit || own instanceof Decision.StepUp;
  }

  /// Both decisions together: the more severe; ours where they are alike.
  static Decision both(Decision own, Decision other) {
    return other.outcome().compareTo(own.outcome()) > 0 ? other : own;
  }
}
