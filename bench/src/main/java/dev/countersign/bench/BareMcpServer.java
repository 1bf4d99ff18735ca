package dev.countersign.bench;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import tools.jackson.databind.node.ObjectNode;

/// An MCP server with one tool that does nothing, so that what stands before it is all there is to
/// measure.
///
/// @spec https://modelcontextprotocol.io/specification/2026-07-28 MCP 2026-07-28
final class BareMcpServer implements AutoCloseable {
  static final String TOOL = "ping";

  private static final String DISCOVERED =
      """
      {"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},
       "serverInfo":{"name":"bare","version":"1"},"ttlMs":3600000,"cacheScope":"public"}
      """;
  private static final String LISTED =
      """
      {"resultType":"complete","ttlMs":3600000,"cacheScope":"public",
       "tools":[{"name":"ping","description":"Answers.",
         "inputSchema":{"type":"object","additionalProperties":false}}]}
      """;
  private static final String CALLED =
      """
      {"resultType":"complete","content":[{"type":"text","text":"pong"}]}
      """;

  private final HttpServer server;

  BareMcpServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/mcp", BareMcpServer::answer);
    server.start();
  }

  URI endpoint() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/mcp");
  }

  private static void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      ObjectNode asked =
          StrictJson.parseObject(
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
      String result =
          switch (asked.path("method").asString("")) {
            case "server/discover" -> DISCOVERED;
            case "tools/list" -> LISTED;
            case "tools/call" -> CALLED;
            default -> "";
          };
      if (result.isEmpty()) {
        exchange.sendResponseHeaders(202, -1);
        return;
      }
      ObjectNode answer = StrictJson.object().put("jsonrpc", "2.0");
      answer.set("id", asked.path("id"));
      answer.set("result", StrictJson.parseObject(result));
      byte[] body = StrictJson.write(answer).getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
