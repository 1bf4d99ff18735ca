package dev.countersign.server;

import dev.countersign.config.ConfigException;
import dev.countersign.config.Problems;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// Reads a CSV file of attributes: a header `subject,name,value`, then one attribute a line. A
/// value that is JSON (a number, true, false) keeps its type; anything else is text.
final class AttributeFile {
  private static final String HEADER = "subject,name,value";

  private AttributeFile() {}

  /// @throws ConfigException naming every line that cannot be read
  static List<Line> read(Path file) {
    var problems = new Problems();
    var lines = new ArrayList<Line>();
    try {
      List<String> text = Files.readAllLines(file);
      if (text.isEmpty() || !text.getFirst().strip().equals(HEADER)) {
        problems.add(file + ":1", "", "the first line must be " + HEADER);
      }
      for (int i = 1; i < text.size(); i++) {
        String[] fields = text.get(i).strip().split(",", 3);
        if (fields.length == 3 && isOwner(fields[0]) && !fields[1].isBlank()) {
          lines.add(new Line(fields[0], fields[1], value(fields[2])));
        } else if (!text.get(i).isBlank()) {
          problems.add(
              file + ":" + (i + 1),
              "",
              "must be anchor|stable id or resource:key, attribute name, value");
        }
      }
    } catch (IOException unreadable) {
      throw new UncheckedIOException("cannot read " + file, unreadable);
    }
    problems.throwIfAny();
    return List.copyOf(lines);
  }

  private static boolean isOwner(String text) {
    return text.contains("|") || text.matches("[a-z][a-z0-9_]{0,63}:.+");
  }

  private static JsonNode value(String text) {
    try {
      return StrictJson.parse(text);
    } catch (MalformedJsonException notJson) {
      return JsonNodeFactory.instance.stringNode(text);
    }
  }

  /// One attribute of one person, or of one thing that policies look up.
  record Line(String subject, String name, JsonNode value) {}
}
