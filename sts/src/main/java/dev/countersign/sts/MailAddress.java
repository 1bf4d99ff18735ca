package dev.countersign.sts;

import java.util.regex.Pattern;

/// What we accept as a mail address, and how it is shown to others.
public final class MailAddress {
  private static final Pattern PLAIN =
      Pattern.compile("[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,188})");

  private MailAddress() {}

  /// Whether a text is one plain ASCII address, with nothing in it that could add a header or a
  /// second recipient.
  public static boolean isDeliverable(String text) {
    return PLAIN.matcher(text).matches() && !text.contains("..");
  }

  /// The address with all but its first letter and its domain hidden.
  public static String masked(String address) {
    int at = address.lastIndexOf('@');
    return at < 1 ? "•••" : address.charAt(0) + "•••" + address.substring(at);
  }
}
