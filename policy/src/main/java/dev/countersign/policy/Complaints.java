package dev.countersign.policy;

/// Takes what is wrong inside a definition.
@FunctionalInterface
interface Complaints {
  /// Takes one complaint.
  ///
  /// @param pointer JSON pointer from the definition's root; empty for the root
  /// @param message what is wrong and how to mend it
  void at(String pointer, String message);
}
