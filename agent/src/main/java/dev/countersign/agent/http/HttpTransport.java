package dev.countersign.agent.http;

import dev.countersign.agent.Transport;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/// One MCP endpoint over HTTP. Redirects are not followed, so a bearer goes to this address only.
/// Threads may share it.
///
/// @spec https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http
///   MCP 2026-07-28, Streamable HTTP
public final class HttpTransport implements Transport {
  private static final String EVENTS = "text/event-stream";
  private static final Duration LONGEST_CALL = Duration.ofMinutes(5);

  private final URI endpoint;
  private final WireClient client;
  private final Duration timeout;

  /// @param endpoint such as `https://gateway.example/mcp`
  public HttpTransport(URI endpoint) {
    this(endpoint, LONGEST_CALL);
  }

  /// @param timeout for a whole call
  public HttpTransport(URI endpoint, Duration timeout) {
    this.endpoint = endpoint;
    this.client = new WireClient();
    this.timeout = timeout;
  }

  @Override
  public Answer post(Secret bearer, Map<String, String> headers, String body) {
    var all = new HashMap<>(headers);
    all.put("Authorization", "Bearer " + bearer.reveal());
    all.put("Content-Type", "application/json");
    all.put("Accept", "application/json, " + EVENTS);
    WireClient.Answer answer = client.send("POST", endpoint, all, body, timeout);
    boolean isStream =
        answer.header("Content-Type").filter(type -> type.startsWith(EVENTS)).isPresent();
    return new Answer(
        answer.status(),
        answer.header("WWW-Authenticate"),
        isStream ? lastEvent(answer.text()) : answer.text());
  }

  /// What a stream of events says last: the answer, after comments and notifications.
  private static String lastEvent(String stream) {
    var event = new StringBuilder();
    String last = "";
    for (String line : stream.lines().toList()) {
      if (line.startsWith("data:")) {
        event.append(event.isEmpty() ? "" : "\n").append(line.substring("data:".length()).strip());
      } else if (line.isEmpty() && !event.isEmpty()) {
        last = event.toString();
        event.setLength(0);
      }
    }
    return event.isEmpty() ? last : event.toString();
  }
}
