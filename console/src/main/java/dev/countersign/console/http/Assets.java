package dev.countersign.console.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.Digest;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The pages' scripts and style, from our own jar: named by their digest, so that a browser keeps
/// them until they change.
final class Assets {
  /// Own script and style only, no inline code, no other origin, no frame around the page.
  static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'"
          + " data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none';"
          + " require-trusted-types-for 'script'; trusted-types 'none'";

  static final Asset SCRIPT = Asset.read("chat.js", "text/javascript; charset=utf-8");
  static final Asset STYLE = Asset.read("chat.css", "text/css; charset=utf-8");
  static final Asset OPERATOR_SCRIPT = Asset.read("operator.js", "text/javascript; charset=utf-8");
  private static final Map<String, Asset> ALL =
      Stream.of(SCRIPT, STYLE, OPERATOR_SCRIPT)
          .collect(Collectors.toUnmodifiableMap(Asset::path, Function.identity()));

  private Assets() {}

  static void install(HttpRouting.Builder routing) {
    routing.get("/assets/{name}", Assets::send);
  }

  private static void send(ServerRequest request, ServerResponse response) {
    Asset asset = ALL.get("/assets/" + request.path().pathParameters().get("name"));
    if (asset == null) {
      Http.text(response, 404, "text/plain; charset=utf-8", "there is no such file\n");
      return;
    }
    response.header("Content-Type", asset.type());
    response.header("Cache-Control", "public, max-age=31536000, immutable");
    response.header("X-Content-Type-Options", "nosniff");
    response.send(asset.text().getBytes(StandardCharsets.UTF_8));
  }

  /// @param path with the digest of the text in it
  record Asset(String path, String type, String text) {
    private static Asset read(String name, String type) {
      try (InputStream in = Assets.class.getResourceAsStream("/dev/countersign/console/" + name)) {
        if (in == null) {
          throw new IllegalStateException("the jar lacks " + name);
        }
        String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        String mark = Digest.sha256(text).substring(0, 12);
        return new Asset("/assets/" + mark + "-" + name, type, text);
      } catch (IOException unreadable) {
        throw new UncheckedIOException(unreadable);
      }
    }
  }
}
