package dev.countersign.policy;

/// One rule of a policy, compiled.
///
/// @param type the type of element it speaks about; [#EVERY_TYPE] for all
/// @param then what it comes to where its condition holds
/// @param reason a sentence for people
record Rule(String name, String type, Condition when, Outcome then, String reason) {
  static final String EVERY_TYPE = "";

  boolean concerns(String elementType) {
    return type.equals(EVERY_TYPE) || type.equals(elementType);
  }
}
