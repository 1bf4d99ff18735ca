package dev.countersign.console.http;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/// Writes values into addresses.
final class Query {
  private Query() {}

  /// A value for a query or one part of a path.
  static String encode(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
