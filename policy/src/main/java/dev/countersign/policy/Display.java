package dev.countersign.policy;

/// Makes text from requests safe to show to a person: what cannot be seen is spelled out.
final class Display {
  private static final String FIRST_STRONG_ISOLATE = "\u2068";
  private static final String POP_ISOLATE = "\u2069";

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

  /// The text as [#visible] shows it, and where letters of it run from right to left in an isolate
  /// of its own, so that it does not reorder the amount or the words beside it.
  ///
  /// @spec https://www.unicode.org/reports/tr9/#Explicit_Directional_Isolates UAX #9 §2.4.1
  static String isolated(String text) {
    String shown = visible(text);
    return shown.codePoints().anyMatch(Display::runsLeft)
        ? FIRST_STRONG_ISOLATE + shown + POP_ISOLATE
        : shown;
  }

  private static boolean runsLeft(int codePoint) {
    return switch (Character.getDirectionality(codePoint)) {
      case Character.DIRECTIONALITY_RIGHT_TO_LEFT,
          Character.DIRECTIONALITY_RIGHT_TO_LEFT_ARABIC,
          Character.DIRECTIONALITY_ARABIC_NUMBER ->
          true;
      default -> false;
    };
  }

  /// Whether a reader cannot see the character, or is misled about the ones around it.
  static boolean isHidden(int codePoint) {
    return isBlankLetter(codePoint) || isHiddenKind(codePoint);
  }

  /// Letters, marks and symbols that show nothing (fillers, joiners, an empty pattern of Braille).
  private static boolean isBlankLetter(int codePoint) {
    return switch (codePoint) {
      case 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F -> true;
      case 0x2800, 0x3164, 0xFFA0 -> true;
      default -> codePoint >= 0xE0100 && codePoint <= 0xE01EF;
    };
  }

  private static boolean isHiddenKind(int codePoint) {
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
