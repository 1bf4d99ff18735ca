package dev.countersign.gateway;

import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.protocol.StrictJson;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import tools.jackson.databind.node.ObjectNode;

/// Somebody else's MCP server, in one of the manners that such servers have.
final class ServerStandIn implements AutoCloseable {
  enum Manner {
    MODERN,
    LEGACY,
    LEGACY_WITH_SESSIONS
  }

  /// One request as it arrived.
  record Received(Map<String, String> headers, ObjectNode body) {
    String method() {
      return body.path("method").asString("");
    }
  }

  private static final String ECHO =
      """
      {"name": "echo", "description": "Says it again.", "annotations": {"readOnlyHint": true},
       "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}},
                       "required": ["text"], "$schema": "http://json-schema.org/draft-07/schema#"}}
      """;
  private static final String UNMAPPED =
      """
      {"name": "delete_everything", "inputSchema": {"type": "object"}}
      """;

  final List<Received> received = new CopyOnWriteArrayList<>();
  private final Manner manner;
  private final boolean streams;
  private final BoxServer server;

  volatile ObjectNode echo = StrictJson.parseObject(ECHO);

  /// What a call is answered with; null: as an echo does.
  volatile Function<ObjectNode, ObjectNode> answer = ServerStandIn::said;

  /// What it says of a call before it answers, on a stream; each gets the call's token.
  volatile List<ObjectNode> notices = List.of();

  volatile int status = 200;
  volatile String location = "";

  ServerStandIn(Manner manner, boolean streams) {
    this.manner = manner;
    this.streams = streams;
    var settings =
        BoxServer.Settings.of("behind", Listener.loopback(0), new Health(), new Metrics());
    this.server =
        BoxServer.start(
            settings, routing -> routing.post("/mcp", this::post).delete("/mcp", this::delete));
  }

  void reset() {
    received.clear();
    echo = StrictJson.parseObject(ECHO);
    answer = ServerStandIn::said;
    status = 200;
    location = "";
    notices = List.of();
  }

  URI address() {
    return URI.create(server.baseUri() + "/mcp");
  }

  List<Received> of(String method) {
    return received.stream().filter(request -> request.method().equals(method)).toList();
  }

  static ObjectNode said(ObjectNode params) {
    return text(params.path("arguments").path("text").asString(""));
  }

  static ObjectNode text(String text) {
    ObjectNode result = StrictJson.object();
    result.putArray("content").addObject().put("type", "text").put("text", text);
    return result.put("isError", false);
  }

  private void delete(ServerRequest request, ServerResponse response) {
    received.add(new Received(headers(request), StrictJson.object().put("method", "DELETE")));
    Http.empty(response, 204);
  }

  private static Map<String, String> headers(ServerRequest request) {
    var headers = new TreeMap<String, String>();
    request
        .headers()
        .forEach(header -> headers.put(header.name().toLowerCase(Locale.ROOT), header.get()));
    return headers;
  }

  private void post(ServerRequest request, ServerResponse response) {
    ObjectNode body = StrictJson.parseObject(Http.body(request));
    Map<String, String> headers = headers(request);
    received.add(new Received(headers, body));
    String method = body.path("method").asString("");
    if (status != 200 && method.equals("tools/call")) {
      if (!location.isEmpty()) {
        response.header("Location", location);
      }
      Http.json(response, status, StrictJson.object());
      return;
    }
    if (method.startsWith("notifications/")) {
      Http.empty(response, 202);
      return;
    }
    boolean knows =
        switch (method) {
          case "server/discover" -> manner == Manner.MODERN;
          case "initialize" -> manner != Manner.MODERN;
          default -> manner != Manner.LEGACY_WITH_SESSIONS || headers.containsKey("mcp-session-id");
        };
    ObjectNode params = (ObjectNode) body.path("params");
    ObjectNode message = StrictJson.object().put("jsonrpc", "2.0");
    message.set("id", body.path("id"));
    if (!knows) {
      message.putObject("error").put("code", -32601).put("message", "method not found");
      Http.json(response, 400, message);
      return;
    }
    if (method.equals("initialize") && manner == Manner.LEGACY_WITH_SESSIONS) {
      response.header("Mcp-Session-Id", "session-1");
    }
    message.set("result", result(method, params));
    if (streams) {
      String event = "event: message\ndata: " + StrictJson.write(message) + "\n\n";
      var before = new StringBuilder(": hello\n\n");
      for (ObjectNode notice : notices) {
        ObjectNode told = notice.deepCopy();
        told.withObject("/params").set("progressToken", params.path("_meta").path("progressToken"));
        before.append("data: ").append(StrictJson.write(told)).append("\n\n");
      }
      Http.text(response, 200, "text/event-stream", before + event);
    } else {
      Http.json(response, 200, message);
    }
  }

  private ObjectNode result(String method, ObjectNode params) {
    ObjectNode result = StrictJson.object();
    switch (method) {
      case "server/discover" -> {
        result.putArray("supportedVersions").add("2026-07-28");
        result.putObject("capabilities").putObject("tools");
      }
      case "initialize" -> {
        result.put("protocolVersion", "2025-06-18").putObject("capabilities").putObject("tools");
        result.putObject("serverInfo").put("name", "behind").put("version", "1");
      }
      case "tools/list" -> result.putArray("tools").add(echo).add(StrictJson.parseObject(UNMAPPED));
      default -> result = answer.apply(params);
    }
    return manner == Manner.MODERN && !result.has("resultType")
        ? result.put("resultType", "complete")
        : result;
  }

  @Override
  public void close() {
    server.close();
  }
}
