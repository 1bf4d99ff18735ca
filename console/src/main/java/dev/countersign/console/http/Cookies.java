package dev.countersign.console.http;

import dev.countersign.box.Http;
import io.helidon.http.SetCookie;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Optional;
import java.util.regex.Pattern;

/// The console's cookies: one for the session, one for a sign-in on its way, one for the operator.
/// None of them says anything by itself.
final class Cookies {
  static final String SESSION = "countersign_console";
  static final String SIGN_IN = "countersign_console_sign_in";
  static final String OPERATOR = "countersign_console_operator";
  private static final Pattern VALUE = Pattern.compile("[A-Za-z0-9_-]{27}");

  private final boolean isSecure;

  Cookies(boolean isSecure) {
    this.isSecure = isSecure;
  }

  Optional<String> read(ServerRequest request, String name) {
    return Http.cookie(request, onTheWire(name)).filter(value -> VALUE.matcher(value).matches());
  }

  /// With the prefix, a browser takes the cookie from this host alone: no neighbour in the domain
  /// can plant a session of its own here.
  private String onTheWire(String name) {
    return isSecure ? "__Host-" + name : name;
  }

  /// Lax: the way back from an identity provider starts on another site.
  void set(ServerResponse response, String name, String value) {
    response.headers().addCookie(cookie(name, value, SetCookie.SameSite.LAX));
  }

  void setStrict(ServerResponse response, String name, String value) {
    response.headers().addCookie(cookie(name, value, SetCookie.SameSite.STRICT));
  }

  void clear(ServerResponse response, String name) {
    response.headers().clearCookie(cookie(name, "", SetCookie.SameSite.LAX));
  }

  private SetCookie cookie(String name, String value, SetCookie.SameSite sameSite) {
    return SetCookie.builder(onTheWire(name), value)
        .path("/")
        .httpOnly(true)
        .secure(isSecure)
        .sameSite(sameSite)
        .build();
  }
}
