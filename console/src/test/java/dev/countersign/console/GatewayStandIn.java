package dev.countersign.console;

import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.protocol.StrictJson;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.node.ObjectNode;

/// An MCP server that answers as the gateway does, for one tool.
final class GatewayStandIn implements AutoCloseable {
  static final String TOOL =
      """
      {"name":"process_refund","title":"Refund a customer","description":"Pays <b>back</b>.",
       "inputSchema":{"type":"object","required":["case_id","amount_cents"],"properties":{
        "case_id":{"type":"string","pattern":"^R-[0-9]{3}-[0-9]{4}$"},
        "amount_cents":{"type":"integer","minimum":1,"description":"In cents."},
        "currency":{"type":"string","default":"USD"}}}}
      """;

  final List<String> bearers = Collections.synchronizedList(new ArrayList<>());
  final List<ObjectNode> calls = Collections.synchronizedList(new ArrayList<>());
  final LinkedBlockingQueue<String> results = new LinkedBlockingQueue<>();
  volatile String nextResult = "{}";
  volatile CountDownLatch hold = new CountDownLatch(0);
  volatile boolean refusesBearers;
  private final BoxServer server =
      BoxServer.start(
          BoxServer.Settings.of("gateway", Listener.loopback(0), new Health(), new Metrics()),
          routing -> routing.post("/mcp", this::answer));

  URI endpoint() {
    return URI.create(server.baseUri() + "/mcp");
  }

  private void answer(ServerRequest request, ServerResponse response) {
    bearers.add(Http.bearer(request).orElseThrow().reveal());
    ObjectNode message = Http.jsonBody(request);
    if (refusesBearers) {
      Http.json(response, 401, StrictJson.object());
      return;
    }
    ObjectNode answer = StrictJson.object().put("jsonrpc", "2.0");
    answer.set("id", message.get("id"));
    switch (message.path("method").stringValue()) {
      case "tools/list" ->
          answer.putObject("result").putArray("tools").add(StrictJson.parseObject(TOOL));
      default -> {
        calls.add((ObjectNode) message.path("params"));
        waitForTheTest();
        String result = results.poll();
        answer.set("result", StrictJson.parseObject(result == null ? nextResult : result));
      }
    }
    Http.json(response, 200, answer);
  }

  private void waitForTheTest() {
    try {
      hold.await(60, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
