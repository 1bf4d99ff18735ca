package dev.countersign.signals.box;

import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/// Somebody else's HTTP server: keeps what it was asked, and answers as a test says.
final class Stand implements AutoCloseable {
  final List<Asked> asked = new CopyOnWriteArrayList<>();
  private final BoxServer server;
  private volatile Function<Asked, Said> answers;

  Stand(Function<Asked, Said> answers) {
    this.answers = answers;
    server =
        BoxServer.start(
            BoxServer.Settings.of("stand", Listener.loopback(0), new Health(), new Metrics()),
            routing -> routing.any(this::handle));
  }

  void answer(Function<Asked, Said> now) {
    answers = now;
  }

  URI base() {
    return server.baseUri();
  }

  private void handle(ServerRequest request, ServerResponse response) {
    var one =
        new Asked(
            request.prologue().method().text(),
            request.path().rawPath()
                + (request.query().isEmpty() ? "" : "?" + request.query().rawValue()),
            new String(Http.body(request), StandardCharsets.UTF_8),
            request.headers().stream()
                .collect(
                    java.util.stream.Collectors.toMap(
                        header -> header.name().toLowerCase(java.util.Locale.ROOT),
                        header -> header.get(),
                        (a, _) -> a)));
    asked.add(one);
    Said said = answers.apply(one);
    said.headers.forEach(response::header);
    Http.text(response, said.status, "application/json", said.body);
  }

  @Override
  public void close() {
    server.close();
  }

  record Asked(String method, String path, String body, Map<String, String> headers) {
    boolean isToken() {
      return body.contains("grant_type=client_credentials");
    }

    String header(String name) {
      return headers.getOrDefault(name, "");
    }
  }

  record Said(int status, String body, Map<String, String> headers) {
    static Said of(int status) {
      return new Said(status, "", Map.of());
    }

    static Said json(String body) {
      return new Said(200, body, Map.of());
    }
  }
}
