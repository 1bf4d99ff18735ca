package dev.countersign.policy;

import java.util.List;

/// Why a decision is what it is.
///
/// @param policyVersion the policy that decided, see [Policy#version]
/// @param reason a sentence for people: the reason of the most severe match
/// @param matches every rule that matched or failed, over all elements, the most severe first
/// @param told who is to be told, by the names that matched rules give
public record Grounds(String policyVersion, String reason, List<Match> matches, List<String> told) {
  public Grounds {
    matches = List.copyOf(matches);
    told = List.copyOf(told);
  }

  /// Grounds without a rule, such as a policy that cannot be evaluated.
  public static Grounds of(String policyVersion, String reason) {
    return new Grounds(policyVersion, reason, List.of(), List.of());
  }
}
