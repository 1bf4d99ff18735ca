package dev.countersign.signals.act.http;

import java.net.URI;

/// Puts paths under base addresses.
final class Addresses {
  private Addresses() {}

  /// An address below a base that may have a path of its own.
  static URI under(URI base, String path) {
    String text = base.toString();
    return URI.create((text.endsWith("/") ? text.substring(0, text.length() - 1) : text) + path);
  }
}
