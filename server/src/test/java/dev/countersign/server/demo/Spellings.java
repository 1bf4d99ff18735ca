package dev.countersign.server.demo;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// The ways in which a secret may stand in a text that must not hold it.
final class Spellings {
  private static final int WINDOW = 20;

  private Spellings() {}

  /// Whether a long secret, or a good part of one, stands there: raw, backwards, URL-encoded, or
  /// inside of anything that is written in base64.
  static boolean isIn(String text, String secret) {
    return ofSecret(secret).stream().anyMatch(spelling -> isPartIn(text, spelling));
  }

  private static boolean isPartIn(String text, String spelling) {
    for (int at = 0; at + WINDOW <= spelling.length(); at += WINDOW / 2) {
      if (text.contains(spelling.substring(at, at + WINDOW))) {
        return true;
      }
    }
    return text.contains(spelling);
  }

  private static List<String> ofSecret(String secret) {
    byte[] bytes = secret.getBytes(StandardCharsets.UTF_8);
    var spellings = new ArrayList<String>();
    spellings.add(secret);
    spellings.add(new StringBuilder(secret).reverse().toString());
    spellings.add(URLEncoder.encode(secret, StandardCharsets.UTF_8));
    // base64 of a longer text that holds it begins at one of three places
    for (int skipped = 0; skipped < 3 && skipped < bytes.length; skipped++) {
      byte[] rest = Arrays.copyOfRange(bytes, skipped, bytes.length);
      spellings.add(Base64.getEncoder().withoutPadding().encodeToString(rest));
      spellings.add(Base64.getUrlEncoder().withoutPadding().encodeToString(rest));
    }
    return spellings;
  }

  /// A short code of digits: raw, with something between its digits, percent-encoded, and inside of
  /// anything that is written in base64.
  static List<Pattern> ofCode(String code) {
    var spellings = new ArrayList<Pattern>();
    spellings.add(Pattern.compile("(?<![0-9A-Za-z._-])" + code + "(?![0-9A-Za-z_-])"));
    spellings.add(Pattern.compile("(?<![0-9.])" + digits(code, "", "[ _,-]") + "(?![0-9])"));
    spellings.add(Pattern.compile(digits(code, "%3", "")));
    // Digits have the same letters in both alphabets of base64. At the edges, those letters are
    // left out that neighbours have a part in.
    for (int shift = 0; shift < 3; shift++) {
      String text =
          Base64.getEncoder()
              .withoutPadding()
              .encodeToString((" ".repeat(shift) + code).getBytes(StandardCharsets.US_ASCII));
      int from = (shift * 8 + 5) / 6;
      int to = (shift + code.length()) * 8 / 6;
      spellings.add(Pattern.compile(text.substring(from, to)));
    }
    return spellings;
  }

  private static String digits(String code, String before, String between) {
    return code.chars()
        .mapToObj(digit -> before + (char) digit)
        .collect(Collectors.joining(between));
  }
}
