package dev.countersign.sts.stepup;

/// Text for people that cannot deceive them: nothing in it is invisible or changes the reading
/// order.
public final class Words {
  private static final int REPLACEMENT = 0xFFFD;
  private static final int MAX_LENGTH = 600;

  private Words() {}

  /// The text on one line, each control, format, private or unassigned character replaced by `�`.
  public static String plain(String text) {
    var clean = new StringBuilder();
    text.codePoints().limit(MAX_LENGTH).map(Words::visible).forEach(clean::appendCodePoint);
    return clean.toString();
  }

  /// The text as it stands in HTML, between tags or in a quoted attribute.
  public static String html(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  private static int visible(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL -> point == '\t' || point == '\n' ? ' ' : REPLACEMENT;
      case Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          REPLACEMENT;
      default -> point;
    };
  }
}
