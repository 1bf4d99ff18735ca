package dev.countersign.signals;

import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads members of JSON objects, or says which one is wrong.
public final class Members {
  private Members() {}

  /// A member that is an object.
  ///
  /// @throws MalformedEventException naming the member
  public static ObjectNode object(ObjectNode parent, String name) {
    if (parent.path(name) instanceof ObjectNode object) {
      return object;
    }
    throw wrong(name, "must be an object");
  }

  /// A member that is a text of 1 to `max` characters without control characters.
  ///
  /// @throws MalformedEventException naming the member
  public static String text(ObjectNode parent, String name, int max) {
    JsonNode value = parent.path(name);
    if (!value.isString() || !isPlain(value.stringValue(), max)) {
      throw wrong(name, "must be a text of 1 to " + max + " characters without control characters");
    }
    return value.stringValue();
  }

  /// Whether a text has 1 to `max` characters and none that could break a line or a terminal.
  public static boolean isPlain(String text, int max) {
    return !text.isEmpty()
        && text.length() <= max
        && text.codePoints().noneMatch(Members::isUnprintable);
  }

  /// Refuses members that nobody would read.
  ///
  /// @throws MalformedEventException naming the first member that is not among the known ones
  public static void onlyKnown(ObjectNode parent, Set<String> known, String where) {
    for (String name : parent.propertyNames()) {
      if (!known.contains(name)) {
        String shown = name.matches("[A-Za-z0-9_-]{1,40}") ? " such as `" + name + "`" : "";
        throw new MalformedEventException(where + " has a member that is not known here" + shown);
      }
    }
  }

  /// A complaint about one member.
  public static MalformedEventException wrong(String name, String complaint) {
    return new MalformedEventException("`" + name + "` " + complaint);
  }

  private static boolean isUnprintable(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
      // Direction overrides make a text read otherwise than it is; joiners belong to languages.
      case Character.FORMAT -> (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
      default -> false;
    };
  }
}
