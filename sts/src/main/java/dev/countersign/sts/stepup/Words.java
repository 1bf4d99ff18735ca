package dev.countersign.sts.stepup;

import java.lang.Character.UnicodeScript;
import java.util.Set;
import java.util.regex.Pattern;

/// Text for people that cannot deceive them: nothing in it is invisible or changes the reading
/// order, and letters that only look like others are told.
public final class Words {
  /// The remark beside a text in which [#isMixed] found something.
  public static final String MIXED =
      "Careful: some letters are of another alphabet than they look.";

  private static final int REPLACEMENT = 0xFFFD;
  private static final int MAX_LENGTH = 600;
  private static final Pattern WORD_BREAK = Pattern.compile("[^\\p{L}\\p{M}\\p{N}]+");
  private static final String LATIN_LOOKALIKES =
      "асеорхуіјѕԛԝАВСЕНІЈКМОРЅТХУΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανικρτυχ";
  private static final Set<UnicodeScript> NEUTRAL =
      Set.of(UnicodeScript.COMMON, UnicodeScript.INHERITED);
  private static final Set<UnicodeScript> JAPANESE =
      Set.of(UnicodeScript.HAN, UnicodeScript.HIRAGANA, UnicodeScript.KATAKANA);

  private Words() {}

  /// The text on one line, each control, format, private or unassigned character replaced by `�`.
  public static String plain(String text) {
    var clean = new StringBuilder();
    text.codePoints().limit(MAX_LENGTH).map(Words::visible).forEach(clean::appendCodePoint);
    if (text.codePointCount(0, text.length()) > MAX_LENGTH) {
      clean.append("… (cut: too long to show)");
    }
    return clean.toString();
  }

  /// Whether a word of the text mixes alphabets, or is written wholly in letters of another one
  /// that look Latin: the marks of a name that is made to be taken for another.
  public static boolean isMixed(String text) {
    for (String word : WORD_BREAK.split(text, -1)) {
      if (mixesScripts(word) || looksLatin(word)) {
        return true;
      }
    }
    return false;
  }

  private static boolean mixesScripts(String word) {
    var scripts =
        word.codePoints()
            .mapToObj(UnicodeScript::of)
            .filter(script -> !NEUTRAL.contains(script))
            .map(script -> JAPANESE.contains(script) ? UnicodeScript.HAN : script)
            .distinct()
            .count();
    return scripts > 1;
  }

  private static boolean looksLatin(String word) {
    return word.codePoints().filter(Character::isLetter).findAny().isPresent()
        && word.codePoints()
            .filter(Character::isLetter)
            .allMatch(letter -> LATIN_LOOKALIKES.indexOf(letter) >= 0);
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
