package dev.countersign.idp.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.Ids;
import io.helidon.http.SetCookie;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Optional;
import java.util.regex.Pattern;

/// The two cookies of a browser: one for its session, one that binds sign-in forms to it.
final class Browser {
  private static final Pattern VALUE = Pattern.compile("[A-Za-z0-9_-]{27}");

  private final Brand brand;
  private final boolean isSecure;

  Browser(Brand brand, boolean isSecure) {
    this.brand = brand;
    this.isSecure = isSecure;
  }

  Optional<String> session(ServerRequest request) {
    return cookie(request, brand.sessionCookie());
  }

  Optional<String> form(ServerRequest request) {
    return cookie(request, brand.formCookie());
  }

  /// The browser's form cookie, set now if it has none.
  String ensureForm(ServerRequest request, ServerResponse response) {
    return form(request)
        .orElseGet(() -> {
          String value = Ids.random();
          set(response, brand.formCookie(), value);
          return value;
        });
  }

  void setSession(ServerResponse response, String value) {
    set(response, brand.sessionCookie(), value);
  }

  void clearSession(ServerResponse response) {
    response.headers().clearCookie(cookie(brand.sessionCookie(), ""));
  }

  private static Optional<String> cookie(ServerRequest request, String name) {
    return Http.cookie(request, name).filter(value -> VALUE.matcher(value).matches());
  }

  private void set(ServerResponse response, String name, String value) {
    response.headers().addCookie(cookie(name, value));
  }

  private SetCookie cookie(String name, String value) {
    return SetCookie.builder(name, value)
        .path("/")
        .httpOnly(true)
        .secure(isSecure)
        .sameSite(SetCookie.SameSite.LAX)
        .build();
  }
}
