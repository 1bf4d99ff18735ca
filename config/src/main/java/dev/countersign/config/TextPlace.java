package dev.countersign.config;

/// A character's place in a file, both counted from 1.
record TextPlace(int line, int column) {

  /// Finds one character of a scalar in the text that it was read from. What YAML changes between
  /// the two is white space, quotes, escapes and the header of a block, so everything else is found
  /// in order.
  ///
  /// @param start code point where the scalar starts in the file
  /// @param value what was read there
  /// @param offset index in `value`
  static TextPlace find(String text, int start, String value, int offset) {
    int at = text.offsetByCodePoints(0, Math.min(start, text.codePointCount(0, text.length())));
    int end = Math.min(Math.max(offset, 0), value.length() - 1);
    if (isBlock(text, at)) {
      at = lineEnd(text, at); // the header may hold digits and signs
    }
    for (int i = 0; i <= end && at < text.length(); i++) {
      char wanted = value.charAt(i);
      if (Character.isWhitespace(wanted) && i < end) {
        continue;
      }
      while (at < text.length() && text.charAt(at) != wanted && isSkipped(text.charAt(at))) {
        at++;
      }
      if (i < end) {
        at++;
      }
    }
    return of(text, Math.min(at, text.length()));
  }

  private static boolean isBlock(String text, int at) {
    return at < text.length() && (text.charAt(at) == '|' || text.charAt(at) == '>');
  }

  private static int lineEnd(String text, int at) {
    int end = text.indexOf('\n', at);
    return end < 0 ? text.length() : end;
  }

  private static boolean isSkipped(char c) {
    return Character.isWhitespace(c) || c == '"' || c == '\'' || c == '\\';
  }

  private static TextPlace of(String text, int at) {
    int line = 1;
    int lineStart = 0;
    for (int i = text.indexOf('\n'); i >= 0 && i < at; i = text.indexOf('\n', i + 1)) {
      line++;
      lineStart = i + 1;
    }
    return new TextPlace(line, text.codePointCount(lineStart, at) + 1);
  }
}
