package dev.countersign.sts;

import java.time.Duration;
import java.util.ArrayList;

/// The limits of step-up.
///
/// @param approvalLifetime how long a person has to answer; over 0 and at most 10 minutes
/// @param codeTries wrong codes until an approval has failed; 1 to 5
/// @param promptsPerHour new approvals per person and hour, each of which sends one mail
/// @param strikes denied or failed approvals within `strikeWindow` that end the person's sessions
public record StepUpSettings(
    Duration approvalLifetime,
    int codeTries,
    int promptsPerHour,
    int strikes,
    Duration strikeWindow) {
  private static final Duration LONGEST = Duration.ofMinutes(10);

  /// @throws IllegalArgumentException naming every problem at once, one per line
  public StepUpSettings {
    var problems = new ArrayList<String>();
    if (!approvalLifetime.isPositive() || approvalLifetime.compareTo(LONGEST) > 0) {
      problems.add("step-up: approval-lifetime must be over 0 and at most 10 minutes");
    }
    if (codeTries < 1 || codeTries > 5) {
      problems.add("step-up: code-tries must be 1 to 5");
    }
    if (promptsPerHour < 1 || promptsPerHour > 100) {
      problems.add("step-up: prompts-per-hour must be 1 to 100");
    }
    if (strikes < 1) {
      problems.add("step-up: strikes must be at least 1");
    }
    if (!strikeWindow.isPositive()) {
      problems.add("step-up: strike-window must be over 0");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
  }

  /// Five minutes, five tries, ten prompts an hour, three strikes in five minutes.
  public static StepUpSettings defaults() {
    return new StepUpSettings(Duration.ofMinutes(5), 5, 10, 3, Duration.ofMinutes(5));
  }
}
