package dev.countersign.sts.stepup;

import java.lang.Character.UnicodeScript;
import java.text.Normalizer;
import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Pattern;

/// Text for people that cannot deceive them: nothing in it is invisible or changes the reading
/// order, and letters that only look like others are told.
public final class Words {
  /// The remark beside a text in which [#isMixed] found something.
  public static final String MIXED =
      "Careful: some letters are of another alphabet than they look.";

  private static final int REPLACEMENT = 0xFFFD;
  private static final int ISOLATE = 0x2068;
  private static final int POP = 0x2069;
  private static final int MAX_LENGTH = 600;
  private static final int MOST_MARKS = 4;
  private static final Pattern WORD_BREAK = Pattern.compile("[^\\p{L}\\p{M}\\p{N}]+");
  private static final String LATIN_LOOKALIKES =
      "асеорхуіјѕԛԝАВСЕНІЈКМОРЅТХУΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανικρτυχ";
  private static final Set<UnicodeScript> NEUTRAL =
      Set.of(UnicodeScript.COMMON, UnicodeScript.INHERITED);

  /// Letters, marks and symbols that show nothing.
  private static final Set<Integer> BLANK =
      Set.of(
          0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x2800, 0x3164,
          0xFFA0);

  private static final int LAST_ASCII = 0x7F;
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9]+");
  private static final Set<Integer> ORDINALS = Set.of(0xAA, 0xBA);

  /// The scripts that UAX #31, table 5 recommends for names.
  private static final Set<UnicodeScript> IN_USE =
      EnumSet.of(
          UnicodeScript.LATIN,
          UnicodeScript.GREEK,
          UnicodeScript.CYRILLIC,
          UnicodeScript.ARMENIAN,
          UnicodeScript.HEBREW,
          UnicodeScript.ARABIC,
          UnicodeScript.THAANA,
          UnicodeScript.DEVANAGARI,
          UnicodeScript.BENGALI,
          UnicodeScript.GURMUKHI,
          UnicodeScript.GUJARATI,
          UnicodeScript.ORIYA,
          UnicodeScript.TAMIL,
          UnicodeScript.TELUGU,
          UnicodeScript.KANNADA,
          UnicodeScript.MALAYALAM,
          UnicodeScript.SINHALA,
          UnicodeScript.THAI,
          UnicodeScript.LAO,
          UnicodeScript.TIBETAN,
          UnicodeScript.MYANMAR,
          UnicodeScript.GEORGIAN,
          UnicodeScript.HANGUL,
          UnicodeScript.ETHIOPIC,
          UnicodeScript.KHMER,
          UnicodeScript.HIRAGANA,
          UnicodeScript.KATAKANA,
          UnicodeScript.BOPOMOFO,
          UnicodeScript.HAN);

  private static final Set<UnicodeScript> JAPANESE =
      Set.of(UnicodeScript.HAN, UnicodeScript.HIRAGANA, UnicodeScript.KATAKANA);

  private Words() {}

  /// The text on one line, each control, format, private, unassigned or blank character replaced by
  /// `�`, and marks beyond those that a letter can bear.
  public static String plain(String text) {
    return plain(text, false);
  }

  /// Likewise a sentence of the type registry, which spells out what is hidden in a value, and sets
  /// what runs from right to left apart in isolates of its own.
  public static String sentence(String text) {
    return plain(text, true);
  }

  private static String plain(String text, boolean keepsIsolates) {
    var clean = new StringBuilder();
    int open = 0;
    int marks = 0;
    for (int point : text.codePoints().limit(MAX_LENGTH).toArray()) {
      if (keepsIsolates && (point == ISOLATE || (point == POP && open > 0))) {
        open += point == ISOLATE ? 1 : -1;
        clean.appendCodePoint(point);
        continue;
      }
      marks = isMark(point) ? marks + 1 : 0;
      clean.appendCodePoint(marks > MOST_MARKS ? REPLACEMENT : visible(point));
    }
    clean.append(Character.toString(POP).repeat(open));
    if (text.codePointCount(0, text.length()) > MAX_LENGTH) {
      clean.append("… (cut: too long to show)");
    }
    return clean.toString();
  }

  private static boolean isMark(int point) {
    return switch (Character.getType(point)) {
      case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK -> true;
      default -> false;
    };
  }

  /// Whether a word of the text mixes alphabets, or is written wholly in letters of another one
  /// that look Latin, or in letters that nobody writes names in: the marks of a name that is made
  /// to be taken for another.
  ///
  /// @spec https://www.unicode.org/reports/tr39/#Confusable_Detection UTS #39 §4
  public static boolean isMixed(String text) {
    for (String word : WORD_BREAK.split(text, -1)) {
      if (mixesScripts(word) || looksLatin(word) || isDisguised(word)) {
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

  /// Whether a letter stands for a plain one in another shape (full-width, mathematical), or is of
  /// an alphabet out of daily use, in which look-alikes are found for nearly every Latin letter.
  private static boolean isDisguised(String word) {
    return word.codePoints()
        .filter(point -> point > LAST_ASCII)
        .anyMatch(point ->
            isShapeOfPlain(point)
                || (Character.isLetter(point)
                    && !IN_USE.contains(UnicodeScript.of(point))
                    && !NEUTRAL.contains(UnicodeScript.of(point))));
  }

  private static boolean isShapeOfPlain(int point) {
    boolean isLetterOrDigit =
        switch (Character.getType(point)) {
          case Character.UPPERCASE_LETTER,
              Character.LOWERCASE_LETTER,
              Character.OTHER_LETTER,
              Character.OTHER_SYMBOL,
              Character.DECIMAL_DIGIT_NUMBER ->
              !ORDINALS.contains(point);
          default -> false;
        };
    String plain = Normalizer.normalize(Character.toString(point), Normalizer.Form.NFKC);
    return isLetterOrDigit && PLAIN.matcher(plain).matches();
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
    return BLANK.contains(point) || isVariation(point) ? REPLACEMENT : visibleKind(point);
  }

  private static boolean isVariation(int point) {
    return (point >= 0xFE00 && point <= 0xFE0F) || (point >= 0xE0100 && point <= 0xE01EF);
  }

  private static int visibleKind(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL -> point == '\t' || point == '\n' ? ' ' : REPLACEMENT;
      case Character.SPACE_SEPARATOR -> ' ';
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
