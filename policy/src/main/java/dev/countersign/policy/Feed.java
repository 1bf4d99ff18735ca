package dev.countersign.policy;

/// Which requests a counter or a step of a pattern takes in.
enum Feed {
  /// Those that a token was issued for.
  GRANTED,
  /// Those that a token was issued for after the person had approved.
  APPROVED,
  /// Those that were denied or killed.
  REFUSED,
  /// All, when they are first asked.
  ASKED;

  boolean takes(Stage stage, Outcome outcome) {
    boolean isGranted =
        outcome == Outcome.PERMIT || (outcome == Outcome.STEP_UP && stage == Stage.APPROVED);
    boolean isRefused = outcome == Outcome.DENY || outcome == Outcome.KILL;
    return switch (this) {
      case GRANTED -> isGranted;
      case APPROVED -> isGranted && stage == Stage.APPROVED;
      case REFUSED -> isRefused;
      case ASKED -> stage == Stage.FIRST;
    };
  }

  /// Whether what it took can be given back when the token was never used: what counts questions or
  /// refusals counts them whatever came of them.
  boolean isOfGrants() {
    return this == GRANTED || this == APPROVED;
  }

  /// Whether a request counts in `total` before it is decided.
  boolean countsAhead(Stage stage) {
    return switch (this) {
      case GRANTED -> true;
      case APPROVED -> stage == Stage.APPROVED;
      case REFUSED -> false;
      case ASKED -> stage == Stage.FIRST;
    };
  }
}
