package dev.countersign.policy;

import java.util.Comparator;
import java.util.List;

/// One rule of a policy, compiled.
///
/// @param type the type of element it speaks about; [#EVERY_TYPE] for all
/// @param then what it comes to where its condition holds
/// @param reason a sentence for people
/// @param stepUp what a step-up must be like; [StepUpOptions#ANY] for the other answers
/// @param told names of those who are to be told where it matches
record Rule(
    String name,
    String type,
    Condition when,
    Outcome then,
    String reason,
    StepUpOptions stepUp,
    List<String> told) {
  static final String EVERY_TYPE = "";

  /// The order in which matches are told.
  static final Comparator<Rule> MOST_SEVERE_FIRST =
      Comparator.comparing(Rule::then).reversed().thenComparing(Rule::name);

  Rule {
    told = List.copyOf(told);
  }

  boolean concerns(String elementType) {
    return type.equals(EVERY_TYPE) || type.equals(elementType);
  }
}
