package dev.countersign.policy;

import java.util.List;

/// What policy answers to one request, with the reasons.
public sealed interface Decision {

  Grounds grounds();

  /// The policy that decided.
  ///
  /// @see Policy#version
  default String policyVersion() {
    return grounds().policyVersion();
  }

  /// A sentence for people: the reason of the most severe match.
  default String reason() {
    return grounds().reason();
  }

  /// Every rule that matched or failed, over all elements, the most severe first.
  default List<Match> matches() {
    return grounds().matches();
  }

  /// The matches that made the decision, for who asked: rules of the same severity as the whole.
  default List<Match> decisive() {
    return matches().stream().filter(match -> match.outcome() == outcome()).toList();
  }

  /// This decision as one word.
  default Outcome outcome() {
    return switch (this) {
      case Permit _ -> Outcome.PERMIT;
      case StepUp _ -> Outcome.STEP_UP;
      case Deny _ -> Outcome.DENY;
      case Kill _ -> Outcome.KILL;
    };
  }

  /// Every element is permitted.
  record Permit(Grounds grounds) implements Decision {}

  /// The person must approve exactly these details first.
  ///
  /// @param options what the rules that ask for it demand together
  record StepUp(Grounds grounds, StepUpOptions options) implements Decision {}

  /// Refused.
  record Deny(Grounds grounds) implements Decision {}

  /// Refused, and every session of the person must end.
  record Kill(Grounds grounds) implements Decision {}
}
