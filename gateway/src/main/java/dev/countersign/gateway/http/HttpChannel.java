package dev.countersign.gateway.http;

import dev.countersign.gateway.upstream.Channel;
import dev.countersign.gateway.upstream.EventReader;
import dev.countersign.gateway.upstream.UpstreamFailure;
import dev.countersign.gateway.upstream.UpstreamFailure.Kind;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/// A server over Streamable HTTP. No redirect is followed, so that no credential goes elsewhere.
/// Threads may share it.
public final class HttpChannel implements Channel {
  private static final Duration END_TIMEOUT = Duration.ofSeconds(2);
  private static final int MAX_NOTICE = 64 * 1024;
  private static final Set<String> OLDER =
      Set.of("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05");
  private static final Pattern SESSION = Pattern.compile("[\\x21-\\x7e]{1,512}");

  private final URI address;
  private final WireClient client;

  public HttpChannel(URI address, WireClient client) {
    this.address = address;
    this.client = client;
  }

  @Override
  public Reply ask(Message message) {
    var answer = new EventReader(message.body().path("id"), message.notices());
    WireClient.Answer head;
    try {
      head = send(message, answer::isLast);
    } catch (UpstreamFailure broken) {
      if (broken.kind() == Kind.BROKEN) {
        cancel(message);
      }
      throw broken;
    }
    int status = head.status();
    if (status == 401 || status == 403) {
      throw new UpstreamFailure(Kind.REFUSED, "it answers " + status, null);
    }
    if (status >= 300 && status < 400) {
      throw new UpstreamFailure(
          Kind.PROTOCOL, "it answers with a redirect, which is not followed", null);
    }
    if (status == 429 || status >= 502) {
      throw new UpstreamFailure(Kind.BROKEN, "it answers " + status, null);
    }
    ObjectNode body =
        answer
            .answer(head.header("content-type").orElse(""))
            .orElseThrow(() ->
                new UpstreamFailure(
                    Kind.PROTOCOL, "it answers " + status + " without an answer", null));
    Optional<String> session =
        head.header("mcp-session-id").filter(id -> SESSION.matcher(id).matches());
    return new Reply(body, session);
  }

  /// Tells a server of the older revisions, where a closed connection says nothing, that nobody
  /// waits any more. It may not hear it.
  private void cancel(Message message) {
    boolean isOlder = OLDER.contains(message.headers().getOrDefault("MCP-Protocol-Version", ""));
    if (!isOlder) {
      return;
    }
    boolean interrupted = Thread.interrupted();
    ObjectNode body = StrictJson.object().put("jsonrpc", "2.0");
    body.put("method", "notifications/cancelled");
    body.putObject("params").set("requestId", message.body().path("id"));
    try {
      send(
          new Message(body, message.headers(), message.south(), END_TIMEOUT, MAX_NOTICE),
          _ -> false);
    } catch (UpstreamFailure gone) {
      return; // its own time limit ends the call
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void tell(Message message) {
    int status = send(message, _ -> false).status();
    if (status >= 300) {
      throw new UpstreamFailure(Kind.PROTOCOL, "it does not take a notification: " + status, null);
    }
  }

  @Override
  public void end(Message message) {
    try {
      client.send("DELETE", address, headers(message), null, END_TIMEOUT);
    } catch (WireClient.WireFailure away) {
      return; // its own time limit ends the session
    }
  }

  private WireClient.Answer send(Message message, Predicate<String> isLast) {
    Map<String, String> headers = headers(message);
    headers.put("Content-Type", "application/json");
    headers.put("Accept", "application/json, text/event-stream");
    try {
      return client.lines(
          "POST",
          address,
          headers,
          StrictJson.write(message.body()),
          message.timeout(),
          message.maxBytes(),
          isLast);
    } catch (WireClient.WireFailure failed) {
      throw failure(failed);
    }
  }

  private static Map<String, String> headers(Message message) {
    var headers = new HashMap<>(message.headers());
    message.south().headers().forEach((name, secret) -> headers.put(name, secret.reveal()));
    return headers;
  }

  private static UpstreamFailure failure(WireClient.WireFailure failed) {
    if (failed.isUnsent()) {
      return new UpstreamFailure(Kind.AWAY, "it cannot be reached", failed);
    }
    if (failed.isTooLarge()) {
      return new UpstreamFailure(Kind.TOO_LARGE, "its answer is too large", failed);
    }
    return new UpstreamFailure(Kind.BROKEN, "no complete answer in time", failed);
  }

  @Override
  public long opening() {
    return 0;
  }

  @Override
  public void close() {
    // Connections end by themselves.
  }
}
