package dev.countersign.protocol;

import java.security.SecureRandom;
import java.util.Base64;

/// Unguessable names and numbers.
public final class Ids {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final String BASE62 =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  private static final int TOKEN_BYTES = 20;

  private Ids() {}

  /// 160 random bits as base64url: a token id, a challenge, a state. Never with `-` in front, which
  /// a command line would take for an option.
  ///
  /// @spec https://www.rfc-editor.org/rfc/rfc6749#section-10.10 RFC 6749 §10.10
  public static String random() {
    String id;
    do {
      id = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes(TOKEN_BYTES));
    } while (id.startsWith("-"));
    return id;
  }

  /// Random letters and digits, `length` of them.
  public static String base62(int length) {
    var text = new StringBuilder(length);
    for (int i = 0; i < length; i++) {
      text.append(BASE62.charAt(RANDOM.nextInt(BASE62.length())));
    }
    return text.toString();
  }

  /// Random decimal digits, `length` of them, for a code that a person types.
  public static String digits(int length) {
    var text = new StringBuilder(length);
    for (int i = 0; i < length; i++) {
      text.append((char) ('0' + RANDOM.nextInt(10)));
    }
    return text.toString();
  }

  /// `count` random bytes.
  public static byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    RANDOM.nextBytes(bytes);
    return bytes;
  }
}
