package dev.countersign.broker.http;

import io.helidon.http.Method;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;

/// How paths are laid out in Vault's manner: POST and PUT mean the same, LIST is also GET with
/// `list=true`, and another method is 405. A path's own text counts: one spelling, no escapes, no
/// second slash.
final class Paths {
  private static final Method LIST = Method.create("LIST");
  private static final String NAME = "[A-Za-z0-9_-]{1,63}";

  private Paths() {}

  static void write(HttpRouting.Builder routing, String path, Handler handler) {
    routing.post(path, handler).put(path, handler);
  }

  static void read(HttpRouting.Builder routing, String path, Handler handler) {
    routing.get(path, handler);
  }

  static void list(HttpRouting.Builder routing, String path, Handler handler) {
    routing.route(LIST, path, handler);
    routing.get(
        path,
        (request, response) -> {
          if (!request.query().rawValue().equals("list=true")) {
            throw VaultRefusal.unsupportedOperation();
          }
          handler.handle(request, response);
        });
  }

  /// Whatever else is asked of a path that is known.
  static void nothingElse(HttpRouting.Builder routing, String... paths) {
    for (String path : paths) {
      routing.any(
          path,
          (_, _) -> {
            throw VaultRefusal.unsupportedOperation();
          });
    }
  }

  /// The name behind a path, which ends in a slash.
  ///
  /// @throws VaultRefusal 404 if it is not spelled as it must be
  static String name(ServerRequest request, String before) {
    String path = request.path().rawPath();
    String name = path.startsWith(before) ? path.substring(before.length()) : "";
    if (!name.matches(NAME)) {
      throw VaultRefusal.unsupportedPath();
    }
    return name;
  }
}
