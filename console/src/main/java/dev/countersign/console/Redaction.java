package dev.countersign.console;

import java.util.regex.Pattern;

/// The last look at a text before a page shows it: what has the form of a token is left out, even
/// though no box should ever have put one there.
public final class Redaction {
  private static final Pattern TOKEN =
      Pattern.compile("eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]*)?");

  private Redaction() {}

  /// The text without tokens.
  public static String redact(String text) {
    return TOKEN.matcher(text).replaceAll("[token left out]");
  }
}
