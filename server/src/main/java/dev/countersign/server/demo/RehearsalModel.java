package dev.countersign.server.demo;

import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.protocol.StrictJson;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// No language model, but a rehearsal of one: it understands the sentences of the refunds example
/// and nothing else, behind the interface that language models are reached by (`POST
/// /v1/chat/completions`, at once or as a stream). With it everything runs without anybody's key.
public final class RehearsalModel implements AutoCloseable {
  /// What it calls itself.
  public static final String NAME = "rehearsal";

  private static final int LARGEST_REQUEST = 1 << 20;

  private final BoxServer server;

  private RehearsalModel(BoxServer server) {
    this.server = server;
  }

  /// Starts listening on loopback.
  public static RehearsalModel start(int port) {
    return new RehearsalModel(
        BoxServer.start(
            new BoxServer.Settings(
                "model", Listener.loopback(port), new Health(), new Metrics(), LARGEST_REQUEST),
            routes ->
                routes
                    .get("/v1/models", (_, response) -> models(response))
                    .post("/v1/chat/completions", RehearsalModel::complete)));
  }

  /// The base URL for clients, `…/v1`.
  public URI baseUrl() {
    return URI.create(server.baseUri() + "/v1");
  }

  private static void models(ServerResponse response) {
    ObjectNode body = StrictJson.object().put("object", "list");
    body.putArray("data").addObject().put("id", NAME).put("object", "model");
    Http.json(response, 200, body);
  }

  private static void complete(ServerRequest request, ServerResponse response) {
    ObjectNode question = Http.jsonBody(request);
    RehearsedAnswer answer = RehearsedAnswer.to(question);
    if (question.path("stream").asBoolean(false)) {
      stream(response, answer);
    } else {
      Http.json(response, 200, whole(answer));
    }
  }

  private static ObjectNode whole(RehearsedAnswer answer) {
    ObjectNode body = envelope("chat.completion");
    ObjectNode choice = body.putArray("choices").addObject().put("index", 0);
    ObjectNode message = choice.putObject("message").put("role", "assistant");
    message.put("content", answer.text().isEmpty() ? null : answer.text());
    if (!answer.calls().isEmpty()) {
      addCalls(message.putArray("tool_calls"), answer.calls());
    }
    choice.put("finish_reason", answer.reason());
    body.putObject("usage").put("prompt_tokens", 0).put("completion_tokens", 0).put("total_tokens", 0);
    return body;
  }

  private static void stream(ServerResponse response, RehearsedAnswer answer) {
    response.header("Content-Type", "text/event-stream");
    response.header("Cache-Control", "no-store");
    try (OutputStream out = response.outputStream()) {
      for (String word : answer.text().split("(?<= )", -1)) {
        if (!word.isEmpty()) {
          write(out, StrictJson.object().put("content", word));
        }
      }
      if (!answer.calls().isEmpty()) {
        ObjectNode delta = StrictJson.object();
        addCalls(delta.putArray("tool_calls"), answer.calls());
        write(out, delta);
      }
      end(out, answer.reason());
    } catch (IOException gone) {
      // Nobody waits for the answer any more.
    }
  }

  private static void write(OutputStream out, ObjectNode delta) throws IOException {
    ObjectNode body = envelope("chat.completion.chunk");
    body.putArray("choices").addObject().put("index", 0).set("delta", delta);
    event(out, StrictJson.write(body));
  }

  private static void end(OutputStream out, String reason) throws IOException {
    ObjectNode body = envelope("chat.completion.chunk");
    body.putArray("choices")
        .addObject()
        .put("index", 0)
        .put("finish_reason", reason)
        .putObject("delta");
    event(out, StrictJson.write(body));
    event(out, "[DONE]");
  }

  private static void event(OutputStream out, String data) throws IOException {
    out.write(("data: " + data + "\n\n").getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  private static ObjectNode envelope(String kind) {
    return StrictJson.object()
        .put("id", "rehearsal")
        .put("object", kind)
        .put("created", 0)
        .put("model", NAME);
  }

  private static void addCalls(ArrayNode array, List<RehearsedAnswer.Call> calls) {
    for (int i = 0; i < calls.size(); i++) {
      array
          .addObject()
          .put("index", i)
          .put("id", calls.get(i).id())
          .put("type", "function")
          .putObject("function")
          .put("name", calls.get(i).tool())
          .put("arguments", StrictJson.write(calls.get(i).arguments()));
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
