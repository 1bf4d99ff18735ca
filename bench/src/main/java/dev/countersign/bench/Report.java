package dev.countersign.bench;

import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.node.ObjectNode;

/// What a benchmark found, for people and for machines.
///
/// @param bench the benchmark's name
record Report(String bench, List<Figure> figures) {
  Report {
    figures = List.copyOf(figures);
  }

  /// One JSON object: bench, commit, machine, figures.
  ObjectNode json() {
    ObjectNode report = StrictJson.object().put("bench", bench);
    report.put("commit", commit()).put("machine", machine());
    var list = report.putArray("figures");
    for (Figure figure : figures) {
      ObjectNode entry = list.addObject().put("name", figure.name());
      entry.put("value", figure.value()).put("unit", figure.unit());
      if (figure.goal().isPresent()) {
        entry.put("goal", figure.goal().getAsDouble());
      } else {
        entry.putNull("goal");
      }
      entry.put("met", figure.isMet());
    }
    return report;
  }

  /// A table.
  String table() {
    var text = new StringBuilder();
    text.append("bench ").append(bench).append(" at ").append(commit()).append("\n");
    text.append(machine()).append("\n\n");
    for (Figure figure : figures) {
      text.append(
          String.format(
              Locale.ROOT,
              "  %-44s %10.2f %-6s %s%n",
              figure.name(),
              figure.value(),
              figure.unit(),
              figure.goal().isEmpty()
                  ? ""
                  : String.format(
                      Locale.ROOT,
                      "goal %.2f: %s",
                      figure.goal().getAsDouble(),
                      figure.isMet() ? "met" : "missed")));
    }
    return text.toString();
  }

  private static String commit() {
    try {
      Process git =
          new ProcessBuilder("git", "rev-parse", "--short", "HEAD")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String answer = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return answer.isBlank() ? "unknown" : answer.strip();
    } catch (IOException noGit) {
      return "unknown";
    }
  }

  private static String machine() {
    return System.getProperty("os.name")
        + " "
        + System.getProperty("os.arch")
        + ", "
        + Runtime.getRuntime().availableProcessors()
        + " processors, Java "
        + Runtime.version();
  }
}
