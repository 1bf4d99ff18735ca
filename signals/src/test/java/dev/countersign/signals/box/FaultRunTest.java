package dev.countersign.signals.box;

import static dev.countersign.signals.box.World.LENA;
import static dev.countersign.signals.box.World.MAYA;
import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.signals.act.ReceiverConfig;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// Things that go wrong for long: nothing is lost, nothing that matters is done twice, and it says
/// where it stands.
class FaultRunTest {
  private World world;

  @BeforeEach
  void start() {
    world = new World();
  }

  @AfterEach
  void stop() throws Exception {
    world.close();
  }

  private void execute(String sql) {
    world.transmitterDatabase.query(connection -> {
      try (var statement = connection.prepareStatement(sql)) {
        return statement.executeUpdate();
      }
    });
  }

  @Test
  void aReceiverThatWasDownForAnHourCatchesUpAndDoesEachThingOnce() throws Exception {
    world.transmitter();
    ReceiverBox before = world.receiver();
    world.kill(MAYA, "txn-before");
    world.eventually("the first is done", () -> world.isFinished("txn-before"));
    before.close();
    for (int i = 0; i < 20; i++) {
      world.kill("okta|user" + i, "txn-" + i);
    }

    world.clock.move(Duration.ofHours(1));
    world.receiver();

    for (int i = 0; i < 20; i++) {
      String txn = "txn-" + i;
      world.eventually(txn + " is done", () -> world.isFinished(txn));
      assertThat(world.places.count("sts okta|user" + i + " " + txn)).isEqualTo(1);
    }
    assertThat(world.places.count("sts " + MAYA + " txn-before")).isEqualTo(1);
  }

  @Test
  void anIdentityProviderThatFailsForTenMinutesHoldsUpNothingElseAndIsDoneInTheEnd() {
    world.transmitter();
    world.places.next("entra", 11, 503, Map.of());
    world.receiver(ReceiverConfig.Retry.USUAL);

    world.kill(MAYA, "txn-1");
    world.eventually("our own house is done", () -> steps("txn-1", "done").size() == 2);
    world.kill(LENA, "txn-2");
    world.eventually("another provider's person is done", () -> world.isFinished("txn-2"));
    for (int failed = 1; failed <= 11; failed++) {
      int seen = failed;
      world.eventually("attempt " + failed, () -> steps("txn-1", "failed").size() >= seen);
      world.clock.move(Duration.ofSeconds(61));
    }
    world.eventually("done", () -> world.isFinished("txn-1"));

    assertThat(steps("txn-1", "failed"))
        .hasSize(11)
        .allSatisfy(step -> {
          assertThat(step.data().path("handler").stringValue()).isEqualTo("entra");
          assertThat(step.data().path("status").intValue()).isEqualTo(503);
        });
    assertThat(steps("txn-1", "done")).hasSize(3);
    assertThat(world.places.count("sts " + MAYA + " txn-1")).isEqualTo(1);
  }

  private List<LedgerEntry> steps(String txn, String outcome) {
    return world.entries(LedgerEvent.KILL_STEP, txn).stream()
        .filter(entry -> entry.data().path("outcome").stringValue().equals(outcome))
        .toList();
  }

  @Test
  void aTransmitterThatIsStartedAnewInTheMiddleOfAPollLosesNothing() throws Exception {
    TransmitterBox first = world.transmitter();
    world.receiver();
    world.kill(MAYA, "txn-1");
    world.eventually("done", () -> world.isFinished("txn-1"));
    first.close(); // a poll is held open now
    world.transmitter();

    world.kill(LENA, "txn-2");

    world.eventually("done after the start", () -> world.isFinished("txn-2"));
    assertThat(world.places.count("sts " + MAYA + " txn-1")).isEqualTo(1);
    assertThat(world.places.count("sts " + LENA + " txn-2")).isEqualTo(1);
  }

  @Test
  void eventsOfAClockThatIsFiveMinutesOffAreTakenAndActedOn() {
    world.transmitter();
    world.receiver();
    for (long off : new long[] {-300, 300}) {
      String txn = "txn" + off;
      ObjectNode event = world.event(MAYA, txn);
      ObjectNode payload = (ObjectNode) event.path("events").iterator().next();
      payload.put("event_timestamp", world.clock.instant().getEpochSecond() + off);

      assertThat(world.ingest(event).status()).as(txn).isEqualTo(201);
      world.eventually(txn, () -> world.isFinished(txn));
    }
  }

  @Test
  void aReceiverWhoseOwnClockIsFiveMinutesOffSaysSoAndLosesNothing() throws Exception {
    world.transmitter();
    world.kill(MAYA, "txn-1");
    InstantSource off = () -> world.clock.instant().plus(Duration.ofMinutes(5));
    ReceiverBox wrong =
        world.keep(
            ReceiverBox.start(
                world.receiverConfig(World.QUICK),
                world.receiverDatabase,
                world.ledger,
                World.key("receiver"),
                off));
    world.eventually(
        "the refusal is in the ledger",
        () ->
            world.entries(LedgerEvent.EVENT_REFUSED).stream()
                .anyMatch(entry -> entry.data().path("reason").stringValue().contains("iat")));
    assertThat(
            world
                .client
                .get(wrong.baseUri().resolve("/readyz"), Map.of(), Duration.ofSeconds(10))
                .status())
        .isEqualTo(503);
    wrong.close();

    world.receiver();

    world.eventually("done once the clock is right", () -> world.isFinished("txn-1"));
  }

  @Test
  @Tag("slow")
  void aKillOfNowDoesNotWaitBehindAHundredThousandOldEvents() {
    world.transmitter();
    String stream = world.stream("receiver");
    execute(
        """
        INSERT INTO event (subject, event_id, source, txn, event_type, subject_iss, sub_id, payload,
                           accepted_at)
        SELECT 'okta|old' || n, 'old-' || n, 'sts', 'old-' || n,
               'https://schemas.openid.net/secevent/caep/event-type/session-revoked', '%s',
               jsonb_build_object('format', 'iss_sub', 'iss', '%s', 'sub', 'okta|old' || n),
               jsonb_build_object('event_timestamp', %d), now() - interval '30 days'
          FROM generate_series(1, 100000) AS n
        """
            .formatted(
                World.STS_ISSUER,
                World.STS_ISSUER,
                world.clock.instant().minus(Duration.ofDays(30)).getEpochSecond()));
    execute(
        """
        INSERT INTO delivery (stream_id, subject, event_id, due_at)
        SELECT '%s', subject, event_id, now() - interval '30 days' FROM event
        """
            .formatted(stream));
    execute("ANALYZE delivery, event");
    world.receiver();
    world.kill(MAYA, "txn-now");

    world.eventually("the kill of now is done", () -> world.isFinished("txn-now"));

    long old =
        world.entries(LedgerEvent.EVENT_RECEIVED).stream()
            .filter(entry -> entry.jti().startsWith("old-"))
            .count();
    assertThat(old).as("the backlog is still on its way").isBetween(1L, 99_000L);
    assertThat(world.places.calls)
        .as("old events end nobody")
        .noneMatch(call -> call.contains("old"));
  }
}
