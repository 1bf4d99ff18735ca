package dev.countersign.protocol;

import org.jspecify.annotations.Nullable;

/// Writes one JSON object of members that are known in advance, without a tree in between: for
/// tokens and answers that are written thousands of times a second.
///
/// Names are constants of ours and are not escaped. For one thread.
public final class JsonText {
  private static final String HEX = "0123456789abcdef";

  private final StringBuilder text = new StringBuilder(1024).append('{');

  /// A string member.
  public JsonText put(String name, String value) {
    name(name);
    quote(value);
    return this;
  }

  /// A string member, left out where there is no value.
  public JsonText putOptional(String name, @Nullable String value) {
    return value == null ? this : put(name, value);
  }

  /// A number member.
  public JsonText put(String name, long value) {
    name(name);
    text.append(value);
    return this;
  }

  /// A boolean member.
  public JsonText put(String name, boolean value) {
    name(name);
    text.append(value);
    return this;
  }

  /// A member whose value is JSON already, written by [StrictJson] or by this class.
  public JsonText putJson(String name, String json) {
    name(name);
    text.append(json);
    return this;
  }

  /// The object.
  public String end() {
    return text.append('}').toString();
  }

  private void name(String name) {
    if (text.length() > 1) {
      text.append(',');
    }
    text.append('"').append(name).append("\":");
  }

  private void quote(String value) {
    text.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        text.append('\\').append(c);
      } else if (c < ' ') {
        text.append("\\u00").append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 0xF));
      } else {
        text.append(c);
      }
    }
    text.append('"');
  }
}
