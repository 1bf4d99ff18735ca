package dev.countersign.server.rehearsal;

import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.protocol.StrictJson;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import tools.jackson.databind.node.ObjectNode;

/// A stand-in for a language model behind the OpenAI-compatible API (`/v1/chat/completions`, plain
/// and streamed, and `/v1/models`) and behind Anthropic's (`/v1/messages`, plain and streamed).
public final class RehearsalModel implements AutoCloseable {
  private final BoxServer server;

  private RehearsalModel(BoxServer server) {
    this.server = server;
  }

  /// Starts it.
  ///
  /// @param isGullible whether it obeys what tool results tell it
  /// @param recorder told every request as it came: headers and body, for tests that look for what
  ///   must not be there
  public static RehearsalModel start(
      Listener listener, boolean isGullible, Consumer<String> recorder) {
    var mind = new Mind(isGullible);
    return new RehearsalModel(
        BoxServer.start(
            BoxServer.Settings.of("rehearsal-model", listener, new Health(), new Metrics()),
            routes ->
                routes
                    .get("/v1/models", (_, response) -> Http.json(response, 200, models()))
                    .post(
                        "/v1/chat/completions",
                        (request, response) -> complete(mind, recorder, request, response))
                    .post(
                        "/v1/messages",
                        (request, response) -> message(mind, recorder, request, response))));
  }

  private static void complete(
      Mind mind, Consumer<String> recorder, ServerRequest request, ServerResponse response) {
    ObjectNode asked = asked(recorder, request);
    ObjectNode message = mind.answer(asked.path("messages"));
    if (asked.path("stream").asBoolean(false)) {
      Http.text(response, 200, "text/event-stream", Completions.streamed(message));
    } else {
      Http.json(response, 200, Completions.whole(message));
    }
  }

  private static void message(
      Mind mind, Consumer<String> recorder, ServerRequest request, ServerResponse response) {
    ObjectNode asked = asked(recorder, request);
    ObjectNode message = mind.answer(Messages.conversation(asked));
    if (asked.path("stream").asBoolean(false)) {
      Http.text(response, 200, "text/event-stream", Messages.streamed(message));
    } else {
      Http.json(response, 200, Messages.whole(message));
    }
  }

  private static ObjectNode asked(Consumer<String> recorder, ServerRequest request) {
    String body = new String(Http.body(request), StandardCharsets.UTF_8);
    recorder.accept(request.headers().toString() + "\n" + body);
    return StrictJson.parseObject(body);
  }

  private static ObjectNode models() {
    ObjectNode list = StrictJson.object().put("object", "list");
    list.putArray("data").addObject().put("id", "rehearsal").put("object", "model");
    return list;
  }

  /// What OpenAI-compatible clients call their base address.
  public URI baseUri() {
    return URI.create(server.baseUri() + "/v1");
  }

  @Override
  public void close() {
    server.close();
  }
}
