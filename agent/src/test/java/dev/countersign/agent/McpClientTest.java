package dev.countersign.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.countersign.agent.http.HttpTransport;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.node.ObjectNode;

/// What the client makes of answers that are not what they should be; the good ones are tested
/// against the gateway.
class McpClientTest {
  private static final Secret BEARER = new Secret("maya-token");
  private static final ObjectNode NONE = StrictJson.object();

  private static CallOutcome answered(int status, String body) {
    Transport transport = (_, _, _) -> new Transport.Answer(status, Optional.empty(), body);
    return new McpClient(transport).callTool(BEARER, "find_case", NONE);
  }

  private static void assertFailed(CallOutcome outcome, String code) {
    assertThat(outcome)
        .isInstanceOfSatisfying(
            CallOutcome.Failed.class, failed -> assertThat(failed.code()).isEqualTo(code));
  }

  @Test
  void doesNotTakeAQuestionForASuccess() {
    assertFailed(
        answered(
            200, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"resultType\":\"input_required\"}}"),
        "unsupported_result");
  }

  @Test
  void doesNotTakeAnAnswerToAnotherRequest() {
    assertFailed(answered(200, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}"), "http_200");
  }

  @Test
  void tellsBrokenAnswersInWords() {
    assertFailed(answered(502, "<html>"), "http_502");
    assertFailed(answered(503, ""), "unavailable");
    assertFailed(answered(403, "{\"error\":\"invalid_request\"}"), "invalid_request");
    assertFailed(
        answered(400, "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32020,\"message\":\"no\"}}"),
        "rpc_-32020");
    assertFailed(
        answered(
            200,
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"isError\":true,\"content\":[],"
                + "\"structuredContent\":{\"status\":\"approval_required\",\"url\":\"::\"}}}"),
        "malformed_answer");
  }

  @Test
  void doesNotRepeatACallWhoseAnswerWasLost() {
    var calls = new ConcurrentHashMap<String, Integer>();
    Transport transport =
        (_, _, _) -> {
          calls.merge("calls", 1, Integer::sum);
          throw new UnavailableException("lost", null);
        };

    assertFailed(new McpClient(transport).callTool(BEARER, "refund", NONE), "unavailable");
    assertThat(calls).containsEntry("calls", 1);
  }

  @Test
  void sendsTheBearerInItsHeaderOnlyAndOnlyToTheEndpoint() throws IOException {
    var seen = new ConcurrentHashMap<String, String>();
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          seen.put(
              exchange.getRequestURI().toString(),
              exchange.getRequestHeaders().getFirst("Authorization")
                  + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
          exchange.getResponseHeaders().add("Location", "/elsewhere");
          exchange.sendResponseHeaders(307, -1);
          exchange.close();
        });
    server.start();
    try {
      URI endpoint = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/mcp");
      var client = new McpClient(new HttpTransport(endpoint, Duration.ofSeconds(5)));

      assertFailed(client.callTool(BEARER, "find_case", NONE), "http_307");
      assertThat(seen).containsOnlyKeys("/mcp");
      assertThat(seen.get("/mcp")).startsWith("Bearer maya-token{").containsOnlyOnce("maya-token");
    } finally {
      server.stop(0);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aServerOfTheOlderRevisionsIsToldOfACallThatWasBrokenOff(Revision revision) {
    var told = new ArrayList<String>();
    Transport transport =
        (_, _, body) -> {
          told.add(body);
          if (told.size() == 1) {
            Thread.currentThread().interrupt();
            throw new UnavailableException("interrupted", null);
          }
          assertThat(Thread.currentThread().isInterrupted()).isFalse();
          return new Transport.Answer(202, Optional.empty(), "");
        };

    assertFailed(
        new McpClient(transport, revision).callTool(BEARER, "find_case", NONE), "unavailable");

    assertThat(Thread.interrupted()).as("the caller still learns of it").isTrue();
    List<String> note =
        revision == Revision.MODERN
            ? List.of()
            : List.of(
                "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":1}}");
    assertThat(told.subList(1, told.size())).isEqualTo(note);
  }

  @Test
  void anAnswerThatIsTooLargeIsToldInWords() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/mcp",
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          try (var body = exchange.getResponseBody()) {
            for (int i = 0; i < 64; i++) {
              body.write(new byte[1 << 16]);
            }
          } catch (IOException hungUp) {
            // as soon as it was enough
          }
        });
    server.start();
    try {
      URI endpoint = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/mcp");

      assertFailed(
          new McpClient(new HttpTransport(endpoint)).callTool(BEARER, "find_case", NONE),
          "too_large");
    } finally {
      server.stop(0);
    }
  }

  @Test
  void mirrorsMethodAndNameInTheModernRevisionOnly() {
    var seen = new ConcurrentHashMap<String, String>();
    Transport transport =
        (_, headers, _) -> {
          seen.clear();
          seen.putAll(headers);
          return new Transport.Answer(401, Optional.empty(), "");
        };

    new McpClient(transport).callTool(BEARER, "find_case", NONE);
    assertThat(seen)
        .isEqualTo(
            Map.of(
                "MCP-Protocol-Version", "2026-07-28",
                "Mcp-Method", "tools/call",
                "Mcp-Name", "find_case"));

    new McpClient(transport, Revision.JUNE_2025).callTool(BEARER, "find_case", NONE);
    assertThat(seen).isEqualTo(Map.of("MCP-Protocol-Version", "2025-06-18"));
  }
}
