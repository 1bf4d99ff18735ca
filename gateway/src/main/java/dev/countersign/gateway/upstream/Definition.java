package dev.countersign.gateway.upstream;

import dev.countersign.gateway.tools.Tool;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.StrictJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A tool as its server describes it, whole: everything in it may be read by a model or a host, so
/// everything in it is pinned.
///
/// @param json as it came
/// @param digest SHA-256 of the canonical form
public record Definition(String name, ObjectNode json, String digest) {
  private static final int MAX_LENGTH = 32 * 1024;

  public static Definition of(ObjectNode json) {
    return new Definition(
        json.path("name").asString(""), json, Digest.sha256(StrictJson.canonical(json)));
  }

  /// The digest's first characters, for people.
  public String shortDigest() {
    return digest.substring(0, 12);
  }

  /// Why nobody may approve it, whatever it says.
  public List<String> objections() {
    var objections = new ArrayList<String>();
    if (!Tool.isName(name)) {
      objections.add("its name is not 1 to 128 of [A-Za-z0-9_.-]");
    }
    String text = StrictJson.canonical(json);
    if (text.length() > MAX_LENGTH) {
      objections.add("it is longer than 32 KiB");
    }
    if (hasHiddenText(json)) {
      objections.add("a text in it holds characters that nobody sees");
    }
    return objections;
  }

  private static boolean hasHiddenText(JsonNode value) {
    if (value.isString() && isHidden(value.stringValue())) {
      return true;
    }
    return value.properties().stream()
            .anyMatch(member -> isHidden(member.getKey()) || hasHiddenText(member.getValue()))
        || (value.isArray() && value.values().stream().anyMatch(Definition::hasHiddenText));
  }

  /// Control, format (zero width, direction, tags), private and unassigned characters.
  private static boolean isHidden(String text) {
    return text.codePoints()
        .anyMatch(c ->
            switch (Character.getType(c)) {
              case Character.CONTROL -> c != '\n' && c != '\t' && c != '\r';
              case Character.FORMAT,
                  Character.PRIVATE_USE,
                  Character.SURROGATE,
                  Character.UNASSIGNED,
                  Character.LINE_SEPARATOR,
                  Character.PARAGRAPH_SEPARATOR ->
                  true;
              default -> false;
            });
  }

  /// What changed, line by line: `- path: old` and `+ path: new`.
  public static List<String> difference(Optional<Definition> before, Definition after) {
    var lines = new ArrayList<String>();
    compare("", before.map(Definition::json).orElseGet(StrictJson::object), after.json, lines);
    return lines;
  }

  private static void compare(String path, JsonNode before, JsonNode after, List<String> lines) {
    if (before.equals(after)) {
      return;
    }
    if (before instanceof ObjectNode old && after instanceof ObjectNode now) {
      for (var member : old.properties()) {
        compare(path + "/" + member.getKey(), member.getValue(), now.path(member.getKey()), lines);
      }
      for (var member : now.properties()) {
        if (!old.has(member.getKey())) {
          compare(
              path + "/" + member.getKey(), old.path(member.getKey()), member.getValue(), lines);
        }
      }
      return;
    }
    if (!before.isMissingNode()) {
      lines.add("- " + path + ": " + StrictJson.write(before));
    }
    if (!after.isMissingNode()) {
      lines.add("+ " + path + ": " + StrictJson.write(after));
    }
  }
}
