package dev.countersign.policy;

import java.util.List;

/// What policy answers to one request, with the reasons.
public sealed interface Decision {

  /// The policy that decided.
  ///
  /// @see Policy#version
  String policyVersion();

  /// A sentence for people: the reason of the most severe match.
  String reason();

  /// Every rule that matched or failed, over all elements, the most severe first.
  List<Match> matches();

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
  record Permit(String policyVersion, String reason, List<Match> matches) implements Decision {
    public Permit {
      matches = List.copyOf(matches);
    }
  }

  /// The person must approve exactly these details first.
  record StepUp(String policyVersion, String reason, List<Match> matches) implements Decision {
    public StepUp {
      matches = List.copyOf(matches);
    }
  }

  /// Refused.
  record Deny(String policyVersion, String reason, List<Match> matches) implements Decision {
    public Deny {
      matches = List.copyOf(matches);
    }
  }

  /// Refused, and every session of the person must end.
  record Kill(String policyVersion, String reason, List<Match> matches) implements Decision {
    public Kill {
      matches = List.copyOf(matches);
    }
  }
}
