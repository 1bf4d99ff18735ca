package dev.countersign.protocol;

import java.math.BigDecimal;
import java.util.Arrays;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Writes a value in its one canonical form, in one pass and without a copy of the tree. For one
/// thread.
///
/// @see StrictJson#canonical
final class CanonicalJson {
  private static final String HEX = "0123456789ABCDEF";

  private final StringBuilder text = new StringBuilder(512);

  private CanonicalJson() {}

  static String of(JsonNode value) {
    var writer = new CanonicalJson();
    writer.write(value);
    return writer.text.toString();
  }

  private void write(JsonNode value) {
    switch (value) {
      case ObjectNode object -> object(object);
      case ArrayNode array -> array(array);
      default -> scalar(value);
    }
  }

  private void object(ObjectNode object) {
    String[] names = object.propertyNames().toArray(String[]::new);
    Arrays.sort(names);
    text.append('{');
    for (int i = 0; i < names.length; i++) {
      if (i > 0) {
        text.append(',');
      }
      quote(names[i]);
      text.append(':');
      write(object.path(names[i]));
    }
    text.append('}');
  }

  private void array(ArrayNode array) {
    text.append('[');
    for (int i = 0; i < array.size(); i++) {
      if (i > 0) {
        text.append(',');
      }
      write(array.path(i));
    }
    text.append(']');
  }

  private void scalar(JsonNode value) {
    if (value.isString()) {
      quote(value.stringValue());
    } else if (value.isIntegralNumber() && value.canConvertToLong()) {
      text.append(value.longValue());
    } else if (value.isNumber()) {
      number(value.decimalValue());
    } else {
      text.append(StrictJson.write(value));
    }
  }

  private void number(BigDecimal number) {
    BigDecimal plain = number.stripTrailingZeros();
    text.append(plain.scale() <= 0 ? plain.toBigIntegerExact().toString() : plain.toString());
  }

  private void quote(String value) {
    text.append('"');
    int from = 0;
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c < ' ' || c == '"' || c == '\\') {
        text.append(value, from, i);
        escape(c);
        from = i + 1;
      }
    }
    text.append(value, from, value.length()).append('"');
  }

  private void escape(char c) {
    text.append('\\');
    switch (c) {
      case '"', '\\' -> text.append(c);
      case '\b' -> text.append('b');
      case '\t' -> text.append('t');
      case '\n' -> text.append('n');
      case '\f' -> text.append('f');
      case '\r' -> text.append('r');
      default -> text.append("u00").append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 0xF));
    }
  }
}
