package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.KeyFiles;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.protocol.AntennaIngest;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.sts.http.EventSender;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// An IBM Antenna in the place of our transmitter: it knows the wire of its ingest and nothing of
/// ours.
class AntennaTest {
  private static final String TYPE =
      "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
  private static final Instant NOON = Instant.parse("2026-05-01T12:00:00Z");

  private final List<ObjectNode> taken = new CopyOnWriteArrayList<>();
  private final List<String> proofs = new CopyOnWriteArrayList<>();
  private volatile int status = 503;
  private final BoxServer antenna =
      BoxServer.start(
          BoxServer.Settings.of("antenna", Listener.loopback(0), new Health(), new Metrics()),
          routing ->
              routing.post(
                  "/sources/{source}/events",
                  (request, response) -> {
                    if (!request.path().pathParameters().get("source").equals("countersign")) {
                      Http.json(response, 404, StrictJson.object());
                      return;
                    }
                    proofs.addAll(
                        Http.header(request, PresenterAssertion.HEADER).stream().toList());
                    proofs.addAll(Http.header(request, "Authorization").stream().toList());
                    if (status == 201) {
                      taken.add(Http.jsonBody(request));
                    }
                    Http.json(response, status, StrictJson.object());
                  }));

  @AfterEach
  void stop() {
    antenna.close();
  }

  @Test
  void getsAKillInTheFormOfItsMappersOnceItAnswersAndNoWarning() {
    var outbox = new Waiting();
    outbox.add(
        SessionRevoked.KIND,
        SessionRevoked.of(
            "https://sts.example",
            new Kill(
                "entra|0b6f1f9e",
                "txn-1",
                "laptop stolen",
                Kill.Initiator.ADMIN,
                NOON,
                Kill.Announce.TRANSMITTER)));
    outbox.add("risk-level-change", StrictJson.object());
    try (var sender =
        new EventSender(
            outbox,
            new WireClient(),
            new PresenterAssertion.Maker("sts", KeyFiles.newEc(), InstantSource.system()),
            URI.create("http://127.0.0.1:9"),
            Optional.of(new AntennaIngest(antenna.baseUri(), "countersign")),
            Optional.empty(),
            InstantSource.system())) {
      sender.start();
      await(() -> outbox.retried > 0);
      assertThat(outbox.open()).as("a refused event is not lost").isEqualTo(1);
      status = 201;
      await(() -> outbox.open() == 0);
    }

    assertThat(proofs).as("our proof is for our own boxes").isEmpty();
    assertThat(taken).hasSize(1);
    ObjectNode event = taken.getFirst();
    assertThat(event.propertyNames()).containsExactlyInAnyOrder("sub_id", "events");
    assertThat(event.path("sub_id").toString())
        .isEqualTo("{\"format\":\"opaque\",\"id\":\"0b6f1f9e\",\"entraUserId\":\"0b6f1f9e\"}");
    JsonNode payload = event.path("events").path(TYPE);
    assertThat(payload.path("event_timestamp").asLong(0)).isEqualTo(NOON.getEpochSecond());
    assertThat(payload.path("initiatingEntity").asString("")).isEqualTo("admin");
    assertThat(payload.path("reasonAdmin").path("en").asString("")).isEqualTo("laptop stolen");
    assertThat(payload.has("reason_admin")).isFalse();
  }

  private static void await(java.util.function.BooleanSupplier condition) {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(end);
      java.util.concurrent.locks.LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }

  /// Events that wait, each tried again at once.
  private static final class Waiting implements EventOutbox {
    private final List<Due> events = new ArrayList<>();
    volatile int retried;

    synchronized void add(String kind, ObjectNode body) {
      events.add(
          new Due("entra|0b6f1f9e", "txn-1", Target.TRANSMITTER, kind, StrictJson.write(body), 0));
    }

    synchronized int open() {
      return events.size();
    }

    @Override
    public synchronized List<Due> claim(Instant now, Instant until, int limit) {
      return List.copyOf(events);
    }

    @Override
    public synchronized void delivered(Due event, Instant now) {
      events.remove(event);
    }

    @Override
    public synchronized void retry(Due event, Instant at) {
      retried++;
    }
  }
}
