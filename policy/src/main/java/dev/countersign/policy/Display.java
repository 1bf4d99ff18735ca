package dev.countersign.policy;

/// Makes text from requests safe to show to a person: what cannot be seen is spelled out.
final class Display {
  private Display() {}

  /// The text with control, format (zero-width, direction), unassigned and line-breaking characters
  /// written as `<U+202E>`.
  static String visible(String text) {
    var shown = new StringBuilder(text.length());
    text.codePoints()
        .forEach(c -> {
          if (isHidden(c)) {
            shown.append("<U+%04X>".formatted(c));
          } else {
            shown.appendCodePoint(c);
          }
        });
    return shown.toString();
  }

  /// Whether a reader cannot see the character, or is misled about the ones around it.
  static boolean isHidden(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          true;
      // looks like a plain blank, or like nothing at all
      case Character.SPACE_SEPARATOR -> codePoint != ' ';
      default -> false;
    };
  }

  /// Whether any character of the text is hidden.
  static boolean hasHidden(String text) {
    return text.codePoints().anyMatch(Display::isHidden);
  }
}
