package dev.countersign.gateway.upstream;

import dev.countersign.gateway.Progress;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TraceContext;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// One exchange with a server whose era is known. One thread.
final class Conversation implements AutoCloseable {
  static final String MODERN = "2026-07-28";

  private static final int MAX_TEXT = 200;
  private static final AtomicLong IDS = new AtomicLong();

  private final Channel channel;
  private final Manners.Line line;
  private final String revision;
  private final String session;
  private final ObjectNode client;

  /// @param session the server's name for it in the older revisions; empty without one
  Conversation(
      Channel channel, Manners.Line line, String revision, String session, ObjectNode client) {
    this.channel = channel;
    this.line = line;
    this.revision = revision;
    this.session = session;
    this.client = client;
  }

  /// Asks and returns the whole answer, with `result` or `error`.
  ObjectNode ask(String method, ObjectNode params) {
    return reply(method, params).body();
  }

  /// The same, told how far the server is.
  ObjectNode ask(String method, ObjectNode params, Progress progress) {
    long id = IDS.incrementAndGet();
    params.putObject("_meta").put("progressToken", id);
    Channel.Message message = message(request(id, method), params);
    return channel
        .ask(
            new Channel.Message(
                message.body(),
                message.headers(),
                message.south(),
                message.timeout(),
                message.maxBytes(),
                notice -> tell(notice, id, progress)))
        .body();
  }

  Channel.Reply reply(String method, ObjectNode params) {
    return channel.ask(message(request(IDS.incrementAndGet(), method), params));
  }

  private static ObjectNode request(long id, String method) {
    return StrictJson.object().put("jsonrpc", "2.0").put("id", id).put("method", method);
  }

  private static void tell(ObjectNode notice, long id, Progress progress) {
    JsonNode params = notice.path("params");
    boolean isMine =
        notice.path("method").asString("").equals("notifications/progress")
            && params.path("progressToken").isIntegralNumber()
            && params.path("progressToken").asLong(-1) == id
            && params.path("progress").isNumber();
    if (isMine) {
      JsonNode total = params.path("total");
      progress.at(
          new Progress.Step.Elsewhere(
              params.path("progress").decimalValue(),
              total.isNumber() ? Optional.of(total.decimalValue()) : Optional.empty(),
              plain(params.path("message").asString(""))));
    }
  }

  private static String plain(String text) {
    String cut = text.substring(0, Math.min(text.length(), MAX_TEXT));
    return cut.replaceAll("\\p{C}", " ");
  }

  void tell(String method) {
    ObjectNode body = StrictJson.object().put("jsonrpc", "2.0").put("method", method);
    channel.tell(message(body, StrictJson.object()));
  }

  private Channel.Message message(ObjectNode body, ObjectNode params) {
    String method = body.path("method").asString("");
    var headers = new LinkedHashMap<String, String>();
    if (revision.equals(MODERN)) {
      ObjectNode meta = params.withObject("/_meta");
      meta.put("io.modelcontextprotocol/protocolVersion", MODERN);
      meta.set("io.modelcontextprotocol/clientInfo", client.deepCopy());
      meta.putObject("io.modelcontextprotocol/clientCapabilities");
      TraceContext.current().ifPresent(trace -> meta.put(TraceContext.HEADER, trace.header()));
      headers.put("Mcp-Method", method);
      String named = method.equals("resources/read") ? "uri" : "name";
      if (params.has(named)) {
        headers.put("Mcp-Name", headerText(params.path(named).asString("")));
      }
    }
    if (!method.equals("initialize")) {
      headers.put("MCP-Protocol-Version", revision);
    }
    if (!session.isEmpty()) {
      headers.put("Mcp-Session-Id", session);
    }
    if (!params.isEmpty() || !method.startsWith("notifications/")) {
      body.set("params", params);
    }
    return new Channel.Message(body, headers, line.south(), line.timeout(), line.maxBytes());
  }

  private static String headerText(String value) {
    boolean isPlain =
        value.chars().allMatch(c -> c > 0x20 && c < 0x7f) && !value.startsWith("=?base64?");
    return isPlain
        ? value
        : "=?base64?"
            + Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8))
            + "?=";
  }

  @Override
  public void close() {
    if (!session.isEmpty()) {
      channel.end(
          new Channel.Message(
              StrictJson.object(),
              Map.of("MCP-Protocol-Version", revision, "Mcp-Session-Id", session),
              line.south(),
              line.timeout(),
              line.maxBytes()));
    }
  }
}
