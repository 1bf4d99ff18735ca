package dev.countersign.server.prove;

import java.time.Duration;
import java.util.Locale;

/// A report for a terminal.
public final class TextReport {
  private final boolean colour;

  public TextReport(boolean colour) {
    this.colour = colour;
  }

  /// One property: a line, and each attack that was not refused as claimed.
  public String of(Report.Proved property) {
    var text = new StringBuilder();
    Duration took =
        property.trials().stream().map(Trial::took).reduce(Duration.ZERO, Duration::plus);
    text.append(
        String.format(
            Locale.ROOT,
            "%s %-26s %3d of %d as claimed  %6d ms%n",
            mark(property.result()),
            property.name(),
            property.count(Result.HELD),
            property.trials().size(),
            took.toMillis()));
    for (Trial trial : property.trials()) {
      if (trial.result() == Result.BROKEN) {
        text.append("    ")
            .append(paint("1;31", "NOT AS CLAIMED "))
            .append(trial.kind() == Trial.Kind.CONTROL ? "control: " : "")
            .append(trial.attack().isEmpty() ? "" : trial.attack() + " ")
            .append(trial.tried())
            .append("\n      ")
            .append(trial.box())
            .append(" must answer: ")
            .append(trial.expected())
            .append("; it was: ")
            .append(trial.saw())
            .append("\n");
      } else if (trial.result() == Result.UNTRIED) {
        text.append("    not tried: ")
            .append(trial.tried())
            .append(": ")
            .append(trial.saw())
            .append("\n");
      }
    }
    return text.toString();
  }

  /// The last lines.
  public String verdict(Report report) {
    long attacks = report.properties().stream().mapToLong(one -> one.trials().size()).sum();
    String counts =
        report.count(Result.HELD)
            + " of "
            + report.properties().size()
            + " properties hold, in "
            + attacks
            + " attacks and controls.";
    return switch (report.verdict()) {
      case HELD -> paint("1;32", "PROVEN") + ": " + counts;
      case BROKEN -> paint("1;31", "BROKEN") + ": " + counts;
      case UNTRIED -> paint("1;33", "NOT ALL TRIED") + ": " + counts + " Nothing went through.";
    };
  }

  private String mark(Result result) {
    return switch (result) {
      case HELD -> paint("32", "✔ holds    ");
      case BROKEN -> paint("1;31", "✘ BROKEN   ");
      case UNTRIED -> paint("33", "… not tried");
    };
  }

  private String paint(String code, String text) {
    return colour ? "\u001B[" + code + "m" + text + "\u001B[0m" : text;
  }
}
