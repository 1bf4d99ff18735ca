package dev.countersign.gateway.http;

import dev.countersign.protocol.StrictJson;
import io.helidon.webserver.http.ServerResponse;
import java.io.OutputStream;
import tools.jackson.databind.node.ObjectNode;

/// The form of a stream of events. Events have no ids: a stream cannot be resumed, so nobody's can
/// be replayed to another.
///
/// @spec https://html.spec.whatwg.org/multipage/server-sent-events.html Server-sent events
final class EventStream {
  private EventStream() {}

  static OutputStream begin(ServerResponse response) {
    response.status(200);
    response.header("Content-Type", "text/event-stream");
    response.header("Cache-Control", "no-store");
    response.header("X-Content-Type-Options", "nosniff");
    response.header("X-Accel-Buffering", "no");
    return response.outputStream();
  }

  static String event(ObjectNode message) {
    return "event: message\ndata: " + StrictJson.write(message) + "\n\n";
  }
}
