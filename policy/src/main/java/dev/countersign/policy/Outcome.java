package dev.countersign.policy;

/// What a rule, an element or a whole request comes to, from the mildest to the most severe.
public enum Outcome {
  PERMIT("permit"),
  STEP_UP("step_up"),
  DENY("deny"),
  KILL("kill");

  private final String code;

  Outcome(String code) {
    this.code = code;
  }

  /// The word in policy files, in the ledger and on the wire.
  public String code() {
    return code;
  }
}
