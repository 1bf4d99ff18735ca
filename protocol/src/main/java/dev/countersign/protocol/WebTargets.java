package dev.countersign.protocol;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Compares addresses of requests as RFC 3986 §6.2.2 and §6.2.3 say: case of scheme and host,
/// default port, empty path and percent-encoding do not matter; query and fragment are left out.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9449#section-4.3 RFC 9449 §4.3
final class WebTargets {
  private WebTargets() {}

  /// Whether a text names this target.
  static boolean isSame(String text, URI target) {
    try {
      URI uri = new URI(text);
      String normal = normal(uri);
      return normal != null && normal.equals(normal(target));
    } catch (URISyntaxException malformed) {
      return false;
    }
  }

  private static @Nullable String normal(URI uri) {
    if (uri.getScheme() == null || uri.getHost() == null || uri.getRawUserInfo() != null) {
      return null;
    }
    String scheme = uri.getScheme().toLowerCase(Locale.ROOT);
    int port = uri.getPort();
    boolean isDefault =
        port == -1
            || (port == 443 && scheme.equals("https"))
            || (port == 80 && scheme.equals("http"));
    String path = uri.getRawPath();
    return scheme
        + "://"
        + uri.getHost().toLowerCase(Locale.ROOT)
        + (isDefault ? "" : ":" + port)
        + (path == null || path.isEmpty() ? "/" : unescaped(path));
  }

  /// Escapes of unreserved characters undone, all others in upper case.
  private static String unescaped(String path) {
    var text = new StringBuilder(path.length());
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c == '%') {
        char decoded = (char) Integer.parseInt(path.substring(i + 1, i + 3), 16);
        boolean unreserved =
            decoded < 0x80 && (Character.isLetterOrDigit(decoded) || "-._~".indexOf(decoded) >= 0);
        text.append(
            unreserved
                ? String.valueOf(decoded)
                : path.substring(i, i + 3).toUpperCase(Locale.ROOT));
        i += 2;
      } else {
        text.append(c);
      }
    }
    return text.toString();
  }
}
