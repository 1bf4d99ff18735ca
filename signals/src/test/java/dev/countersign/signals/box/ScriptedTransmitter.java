package dev.countersign.signals.box;

import com.nimbusds.jose.jwk.JWK;
import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.KeyFiles;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.protocol.StrictJson;
import dev.countersign.signals.EventTypes;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A transmitter that sends whatever a test tells it to, on the real wire.
final class ScriptedTransmitter implements AutoCloseable {
  final List<String> acknowledged = new CopyOnWriteArrayList<>();
  final Map<String, String> errors = new ConcurrentHashMap<>();
  volatile String metadataIssuer;
  volatile String streamIssuer;
  volatile String streamAudience = World.AUDIENCE;
  volatile String status = "enabled";
  volatile String pollBase;

  /// Holds polls that may wait open, longer than any receiver waits.
  volatile boolean hold;

  final AtomicInteger quickPolls = new AtomicInteger();
  final AtomicInteger metadataReads = new AtomicInteger();

  private final BlockingQueue<Map.Entry<String, String>> waiting = new LinkedBlockingQueue<>();
  private final URI issuer;
  private final List<JWK> keys;
  private final BoxServer server;

  ScriptedTransmitter(URI issuer, List<JWK> keys) {
    this.issuer = issuer;
    this.keys = List.copyOf(keys);
    metadataIssuer = issuer.toString();
    streamIssuer = issuer.toString();
    pollBase = issuer.toString();
    server =
        BoxServer.start(
            BoxServer.Settings.of(
                "transmitter", Listener.loopback(issuer.getPort()), new Health(), new Metrics()),
            this::routes);
  }

  void send(String id, String token) {
    waiting.add(Map.entry(id, token));
  }

  private void routes(HttpRouting.Builder routing) {
    routing
        .get(
            "/.well-known/ssf-configuration", (_, response) -> Http.json(response, 200, metadata()))
        .get("/keys", (_, response) -> Http.json(response, 200, KeyFiles.publicSet(keys)))
        .get(
            "/streams", (_, response) -> Http.json(response, 200, StrictJson.array().add(stream())))
        .get(
            "/status",
            (_, response) ->
                Http.json(
                    response, 200, StrictJson.object().put("stream_id", "s").put("status", status)))
        .post("/poll", this::poll);
  }

  private ObjectNode metadata() {
    metadataReads.incrementAndGet();
    return StrictJson.object()
        .put("issuer", metadataIssuer)
        .put("jwks_uri", issuer + "/keys")
        .put("configuration_endpoint", issuer + "/streams")
        .put("status_endpoint", issuer + "/status");
  }

  private ObjectNode stream() {
    ObjectNode stream = StrictJson.object();
    stream.put("stream_id", "s").put("iss", streamIssuer).put("aud", streamAudience);
    stream.putArray("events_delivered").add(EventTypes.SESSION_REVOKED);
    stream
        .putObject("delivery")
        .put("method", "urn:ietf:rfc:8936")
        .put("endpoint_url", pollBase + "/poll");
    return stream;
  }

  private void poll(ServerRequest request, ServerResponse response) throws InterruptedException {
    ObjectNode body = Http.jsonBody(request);
    body.path("ack").valueStream().map(JsonNode::stringValue).forEach(acknowledged::add);
    body.path("setErrs")
        .properties()
        .forEach(error -> errors.put(error.getKey(), error.getValue().path("err").asString("")));
    if (body.path("returnImmediately").asBoolean(false)) {
      quickPolls.incrementAndGet();
    } else {
      while (hold) {
        Thread.sleep(10);
      }
    }
    ObjectNode answer = StrictJson.object();
    ObjectNode sets = answer.putObject("sets");
    var next = new ArrayList<Map.Entry<String, String>>();
    Map.Entry<String, String> first = waiting.poll(100, TimeUnit.MILLISECONDS);
    if (first != null) {
      next.add(first);
      waiting.drainTo(next, 50);
    }
    next.forEach(entry -> sets.put(entry.getKey(), entry.getValue()));
    Http.json(response, 200, answer);
  }

  @Override
  public void close() {
    server.close();
  }
}
