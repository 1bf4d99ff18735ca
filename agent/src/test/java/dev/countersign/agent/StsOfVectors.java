package dev.countersign.agent;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/// A token service on a real socket that answers what a vector says.
final class StsOfVectors implements AutoCloseable {
  private final HttpServer server;
  private volatile Function<Asked, JsonNode> answers = _ -> StrictJson.object().put("status", 599);

  StsOfVectors() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    server.createContext("/", this::handle);
    server.start();
  }

  /// What was asked.
  ///
  /// @param query empty if there is none
  /// @param form empty if the body is none
  record Asked(
      String method, String path, String query, String authorization, Map<String, String> form) {
    Asked {
      form = Map.copyOf(form);
    }
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /// Answers with the `status` and `body` of what this returns.
  void answerWith(Function<Asked, JsonNode> told) {
    answers = told;
  }

  private void handle(HttpExchange exchange) throws IOException {
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    String query = exchange.getRequestURI().getRawQuery();
    String authorization = exchange.getRequestHeaders().getFirst("Authorization");
    JsonNode answer =
        answers.apply(
            new Asked(
                exchange.getRequestMethod(),
                exchange.getRequestURI().getRawPath(),
                query == null ? "" : query,
                authorization == null ? "" : authorization,
                form(body)));
    JsonNode told = answer.path("body");
    String text =
        told.asString("").startsWith("$RAW:")
            ? told.stringValue().substring("$RAW:".length())
            : StrictJson.write(told);
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(answer.path("status").intValue(), bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private static Map<String, String> form(String body) {
    var form = new TreeMap<String, String>();
    for (String pair : body.isEmpty() ? new String[0] : body.split("&", -1)) {
      int equals = pair.indexOf('=');
      form.put(
          URLDecoder.decode(pair.substring(0, equals), StandardCharsets.UTF_8),
          URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
    }
    return new ConcurrentHashMap<>(form);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
