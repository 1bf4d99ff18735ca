package dev.countersign.gateway;

import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import tools.jackson.databind.node.ObjectNode;

/// An ingest that takes whatever comes for one source, as an IBM Antenna does: 201 for anything,
/// 404 for other sources, no proof asked for. While `status` is set it answers that.
final class IngestStandIn implements AutoCloseable {
  final List<Taken> taken = new CopyOnWriteArrayList<>();
  volatile int status = 201;
  private final BoxServer server;

  IngestStandIn(String source) {
    server =
        BoxServer.start(
            BoxServer.Settings.of("ingest", Listener.loopback(0), new Health(), new Metrics()),
            routing ->
                routing.post(
                    "/sources/{source}/events",
                    (request, response) -> {
                      boolean isKnown =
                          request.path().pathParameters().get("source").equals(source);
                      take(request, response, isKnown);
                    }));
  }

  private void take(ServerRequest request, ServerResponse response, boolean isKnown) {
    ObjectNode body = Http.jsonBody(request);
    if (isKnown && status == 201) {
      taken.add(new Taken(body, Http.header(request, PresenterAssertion.HEADER).orElse("")));
    }
    Http.json(response, isKnown ? status : 404, StrictJson.object());
  }

  URI address() {
    return server.baseUri();
  }

  @Override
  public void close() {
    server.close();
  }

  /// @param assertion the proof that came with it, or empty
  record Taken(ObjectNode body, String assertion) {}
}
