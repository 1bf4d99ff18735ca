package dev.countersign.console;

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
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// A language model that says what the test tells it to, over the wire that real ones speak.
final class ModelStandIn implements AutoCloseable {
  final List<String> asked = Collections.synchronizedList(new ArrayList<>());
  private final LinkedBlockingQueue<Reply> replies = new LinkedBlockingQueue<>();
  private final BoxServer server =
      BoxServer.start(
          new BoxServer.Settings(
              "model", Listener.loopback(0), new Health(), new Metrics(), 1 << 20),
          routing -> routing.post("/v1/chat/completions", this::answer));

  URI baseUrl() {
    return URI.create(server.baseUri() + "/v1");
  }

  /// The next answer: words, in the pieces in which they come.
  void says(String... pieces) {
    replies.add(new Reply(List.of(pieces), List.of(), 200));
  }

  /// The next answer: calls, each as tool name and arguments.
  void calls(String... toolsAndArguments) {
    replies.add(new Reply(List.of(), List.of(toolsAndArguments), 200));
  }

  /// The next answer is an error.
  void fails(int status) {
    replies.add(new Reply(List.of(), List.of(), status));
  }

  void forget() {
    replies.clear();
    asked.clear();
  }

  private void answer(ServerRequest request, ServerResponse response) {
    asked.add(StrictJson.write(Http.jsonBody(request)));
    Reply reply = replies.poll();
    if (reply == null) {
      reply = new Reply(List.of("nothing more to say"), List.of(), 200);
    }
    if (reply.status() != 200) {
      Http.json(response, reply.status(), StrictJson.object().put("error", "no"));
      return;
    }
    response.header("Content-Type", "text/event-stream");
    try (OutputStream out = response.outputStream()) {
      for (String piece : reply.pieces()) {
        ObjectNode chunk = StrictJson.object();
        chunk
            .putArray("choices")
            .addObject()
            .put("index", 0)
            .putObject("delta")
            .put("content", piece);
        write(out, StrictJson.write(chunk));
      }
      for (int i = 0; i < reply.calls().size(); i += 2) {
        write(out, StrictJson.write(call(reply.calls().get(i), reply.calls().get(i + 1), i / 2)));
      }
      ObjectNode end = StrictJson.object();
      end.putArray("choices")
          .addObject()
          .put("index", 0)
          .put("finish_reason", reply.calls().isEmpty() ? "stop" : "tool_calls")
          .putObject("delta");
      write(out, StrictJson.write(end));
      write(out, "[DONE]");
    } catch (IOException gone) {
      // The person cancelled.
    }
  }

  private static ObjectNode call(String tool, String arguments, int index) {
    ObjectNode chunk = StrictJson.object();
    ArrayNode calls =
        chunk
            .putArray("choices")
            .addObject()
            .put("index", 0)
            .putObject("delta")
            .putArray("tool_calls");
    calls
        .addObject()
        .put("index", index)
        .put("id", "call-" + index)
        .put("type", "function")
        .putObject("function")
        .put("name", tool)
        .put("arguments", arguments);
    return chunk;
  }

  private static void write(OutputStream out, String data) throws IOException {
    out.write(("data: " + data + "\n\n").getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  @Override
  public void close() {
    server.close();
  }

  private record Reply(List<String> pieces, List<String> calls, int status) {}
}
