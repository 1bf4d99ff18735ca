package dev.countersign.signals.box;

import static dev.countersign.signals.box.World.LENA;
import static dev.countersign.signals.box.World.MAYA;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.KeyFiles;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.SecurityEvent;
import dev.countersign.signals.SecurityEventToken;
import dev.countersign.signals.SubjectId;
import dev.countersign.signals.act.Inbox;
import dev.countersign.signals.act.ReceiverConfig;
import dev.countersign.signals.act.Steps;
import dev.countersign.signals.act.postgres.PgInbox;
import dev.countersign.signals.act.postgres.PgSteps;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// From an event that a source hands in to the ends of sessions, over real sockets.
class ReceiverTest {
  private static final String MAYA_ID = MAYA.substring("entra|".length());

  private World world;

  @BeforeEach
  void start() {
    world = new World();
  }

  @AfterEach
  void stop() throws Exception {
    world.close();
  }

  @Test
  void endsThePersonsSessionsAtOurOwnBoxesAndAtEntra() {
    world.transmitter();
    world.receiver();

    world.kill(MAYA, "txn-1");
    world.eventually("the kill is finished", () -> world.isFinished("txn-1"));

    assertThat(world.places.calls)
        .containsExactlyInAnyOrder(
            "sts " + MAYA + " txn-1", "broker " + MAYA + " txn-1", "token", "entra " + MAYA_ID);
  }

  @Test
  void endsThePersonsSessionsAtOkta() {
    world.transmitter();
    world.receiver();

    world.kill(LENA, "txn-1");
    world.eventually("the kill is finished", () -> world.isFinished("txn-1"));

    assertThat(world.places.calls)
        .containsExactlyInAnyOrder(
            "sts " + LENA + " txn-1",
            "broker " + LENA + " txn-1",
            "okta 00u1lena oauthTokens=true");
  }

  @Test
  void endsWhatIsOursForAPersonOfAnUnknownProvider() {
    world.transmitter();
    world.receiver();

    world.kill("ping|p-1", "txn-1");
    world.eventually("the kill is finished", () -> world.isFinished("txn-1"));

    assertThat(world.places.calls)
        .containsExactlyInAnyOrder("sts ping|p-1 txn-1", "broker ping|p-1 txn-1");
  }

  @Test
  void writesEveryStepAndTheTimesOfAllHopsInTheLedgerAndNoSecret() {
    world.transmitter();
    ReceiverBox receiver = world.receiver();

    String set = world.kill(MAYA, "txn-1");
    world.eventually("the kill is finished", () -> world.isFinished("txn-1"));
    world.eventually(
        "the delivery is acknowledged",
        () -> !world.entries(LedgerEvent.EVENT_DELIVERED, "txn-1").isEmpty());

    assertThat(world.entries(LedgerEvent.EVENT_RECEIVED, "txn-1")).hasSize(1);
    assertThat(world.entries(LedgerEvent.KILL_STEP, "txn-1"))
        .extracting(entry -> entry.data().path("handler").stringValue())
        .containsExactlyInAnyOrder("sts", "broker", "entra");
    assertThat(world.entries(LedgerEvent.KILL_STEP, "txn-1"))
        .allSatisfy(entry -> {
          assertThat(entry.subject()).isEqualTo(MAYA);
          assertThat(entry.data().path("outcome").stringValue()).isEqualTo("done");
          assertThat(entry.data().path("millis").longValue()).isNotNegative();
        });
    ObjectNode finished = onlyFinished("txn-1").data();
    assertThat(finished.path("set").stringValue()).isEqualTo(set);
    assertThat(finished.path("complete").booleanValue()).isTrue();
    assertThat(finished.path("millis").propertyNames())
        .containsExactlyInAnyOrder("received", "sts", "broker", "entra");
    assertThat(finished.path("outcomes").path("broker").stringValue()).isEqualTo("revoked 2");
    String whole = world.entries.toString();
    World.secrets().forEach(secret -> assertThat(whole).doesNotContain(secret.reveal()));
    assertThat(world.receiverConfig(World.QUICK).toString())
        .doesNotContain(Places.ENTRA_SECRET.reveal(), Places.OKTA_TOKEN.reveal());
    for (String hop : List.of("received", "sts", "broker", "entra")) {
      world.eventually(
          hop + " is in the metrics",
          () ->
              world
                  .raw(receiver.baseUri(), null, "GET", "/metrics", null)
                  .text()
                  .contains("countersign_kill_hop_seconds_count{hop=\"" + hop + "\"} 1"));
    }
  }

  @Test
  void asksForOneTokenAtEntraForManyPeople() {
    world.transmitter();
    world.receiver();

    world.kill(MAYA, "txn-1");
    world.eventually("the first is finished", () -> world.isFinished("txn-1"));
    world.kill("entra|other", "txn-2");
    world.eventually("the second is finished", () -> world.isFinished("txn-2"));

    assertThat(world.places.count("token")).isEqualTo(1);
  }

  @Test
  void isAliveButNotReadyUntilTheTransmitterIsThere() {
    ReceiverBox receiver = world.receiver();
    assertThat(get(receiver, "/healthz").path("status").stringValue()).isEqualTo("ok");
    assertThat(get(receiver, "/readyz").path("checks").path("transmitter").stringValue())
        .isEqualTo("down");

    world.transmitter();
    world.kill(MAYA, "txn-1");

    world.eventually("the kill is finished", () -> world.isFinished("txn-1"));
    world.eventually(
        "it is ready", () -> get(receiver, "/readyz").path("status").stringValue().equals("ok"));
  }

  @Test
  void getsEverythingThatCameWhileItWasDown() {
    world.transmitter();
    ReceiverBox first = world.receiver();
    world.kill(MAYA, "before");
    world.eventually("the first is finished", () -> world.isFinished("before"));
    first.close();

    for (int i = 0; i < 25; i++) {
      world.kill("okta|user" + i, "while-" + i);
    }
    world.receiver();

    for (int i = 0; i < 25; i++) {
      String txn = "while-" + i;
      world.eventually(txn + " is finished", () -> world.isFinished(txn));
    }
    assertThat(world.places.calls.stream().filter(call -> call.startsWith("okta "))).hasSize(25);
  }

  @Test
  void adoptsItsStreamAfterARestart() {
    world.transmitter();
    ReceiverBox first = world.receiver();
    world.kill(MAYA, "txn-1");
    world.eventually("the first is finished", () -> world.isFinished("txn-1"));
    String stream = onlyStream();
    first.close();

    world.receiver();
    world.kill(MAYA, "txn-2");
    world.eventually("the second is finished", () -> world.isFinished("txn-2"));

    assertThat(onlyStream()).isEqualTo(stream);
  }

  @Test
  void outlivesARestartOfTheTransmitterInTheMiddleOfAPoll() {
    TransmitterBox first = world.transmitter();
    world.receiver();
    world.kill(MAYA, "txn-1");
    world.eventually("the first is finished", () -> world.isFinished("txn-1"));

    first.close();
    world.transmitter();
    world.kill(MAYA, "txn-2");

    world.eventually("the second is finished", () -> world.isFinished("txn-2"));
  }

  @Test
  void J15_repeatsAtAPlaceThatFailsWhileTheOthersAreDoneAtOnce() {
    world.places.next("entra", 4, 503, Map.of());
    world.transmitter();
    world.receiver();

    world.kill(MAYA, "txn-1");
    world.eventually("the kill is finished", () -> world.isFinished("txn-1"));

    List<LedgerEntry> steps = world.entries(LedgerEvent.KILL_STEP, "txn-1");
    assertThat(outcomes(steps, "entra"))
        .containsExactly("failed", "failed", "failed", "failed", "done");
    assertThat(outcomes(steps, "sts")).containsExactly("done");
    assertThat(outcomes(steps, "broker")).containsExactly("done");
    assertThat(onlyFinished("txn-1").data().path("complete").booleanValue()).isTrue();
  }

  @Test
  void repeatsAtOurOwnBoxesToo() {
    world.places.next("sts", 2, 500, Map.of());
    world.places.next("broker", 1, 503, Map.of("Retry-After", "0"));
    world.transmitter();
    world.receiver();

    world.kill(MAYA, "txn-1");
    world.eventually("the kill is finished", () -> world.isFinished("txn-1"));

    assertThat(world.places.count("sts " + MAYA + " txn-1")).isEqualTo(3);
    assertThat(world.places.count("broker " + MAYA + " txn-1")).isEqualTo(2);
  }

  @Test
  void J11_letsNobodyWaitForAPlaceThatHangs() {
    var latch = new CountDownLatch(1);
    world.places.hangGraph(latch);
    world.transmitter();
    world.receiver();

    world.kill(MAYA, "txn-1");
    world.kill(LENA, "txn-2");
    world.eventually("the other person's kill is finished", () -> world.isFinished("txn-2"));
    world.eventually(
        "our own boxes are done", () -> world.entries(LedgerEvent.KILL_STEP, "txn-1").size() >= 2);

    assertThat(world.isFinished("txn-1")).isFalse();
    latch.countDown();
    world.eventually("the kill is finished", () -> world.isFinished("txn-1"));
  }

  @Test
  void J11_J15_givesUpAfterTheLastAttemptSaysSoAndGoesOnWithTheNextEvent() {
    world.places.next("entra", 3, 500, Map.of());
    world.transmitter();
    world.receiver(new ReceiverConfig.Retry(Duration.ofMillis(20), Duration.ofMillis(40), 3));

    world.kill(MAYA, "txn-1");
    world.eventually("the kill is finished", () -> world.isFinished("txn-1"));
    world.kill(MAYA, "txn-2");
    world.eventually("the next kill is finished", () -> world.isFinished("txn-2"));

    assertThat(outcomes(world.entries(LedgerEvent.KILL_STEP, "txn-1"), "entra"))
        .containsExactly("failed", "failed", "given_up");
    assertThat(onlyFinished("txn-1").data().path("complete").booleanValue()).isFalse();
    assertThat(onlyFinished("txn-2").data().path("complete").booleanValue()).isTrue();
  }

  @Test
  void countsAPersonWhomTheProviderDoesNotKnowAsDone() {
    world.places.next("entra", 1, 404, Map.of());
    world.transmitter();
    world.receiver();

    world.kill(MAYA, "txn-1");
    world.eventually("the kill is finished", () -> world.isFinished("txn-1"));

    assertThat(onlyFinished("txn-1").data().path("outcomes").path("entra").stringValue())
        .isEqualTo("not_found");
    assertThat(world.places.count("entra " + MAYA_ID)).isEqualTo(1);
  }

  @Test
  void saysWhatToMendWhereItIsNotAllowed() {
    world.places.next("entra", 1, 403, Map.of());
    world.transmitter();
    world.receiver();

    world.kill(MAYA, "txn-1");
    world.eventually("the kill is finished", () -> world.isFinished("txn-1"));

    assertThat(world.entries(LedgerEvent.KILL_STEP, "txn-1"))
        .anySatisfy(entry ->
            assertThat(entry.data().path("advice").asString(""))
                .contains("User.RevokeSessions.All"));
  }

  @Test
  void waitsAsLongAsAPlaceAsks() {
    world.places.next("okta", 1, 429, Map.of("Retry-After", "3600"));
    world.transmitter();
    world.receiver();

    world.kill(LENA, "txn-1");
    world.eventually(
        "the others are done and okta has answered",
        () -> world.entries(LedgerEvent.KILL_STEP, "txn-1").size() == 3);
    assertThat(world.isFinished("txn-1")).isFalse();
    world.clock.move(Duration.ofSeconds(3601));

    world.eventually("the kill is finished", () -> world.isFinished("txn-1"));
    assertThat(outcomes(world.entries(LedgerEvent.KILL_STEP, "txn-1"), "okta"))
        .containsExactly("failed", "done");
  }

  @Test
  void neverPutsAnIdIntoAnAddressThatCouldLeadElsewhere() {
    world.transmitter();
    world.receiver();

    world.kill("okta|..", "txn-1");
    world.kill("entra|a/../../b?c", "txn-2");
    world.eventually(
        "both are finished", () -> world.isFinished("txn-1") && world.isFinished("txn-2"));

    assertThat(world.places.calls)
        .noneMatch(call -> call.startsWith("okta ") || call.startsWith("entra "));
    assertThat(onlyFinished("txn-1").data().path("complete").booleanValue()).isFalse();
  }

  @Test
  void goesOnWhereACrashLeftATokenStoredAndNothingDone() {
    store("set-1", "txn-1");

    world.receiver();

    world.eventually("the kill is finished", () -> world.isFinished("txn-1"));
    assertThat(world.places.calls).contains("sts " + MAYA + " txn-1", "entra " + MAYA_ID);
  }

  @Test
  void goesOnWhereACrashLeftAStepInTheMiddle() {
    store("set-1", "txn-1");
    var steps = new PgSteps(world.receiverDatabase);
    Instant now = world.clock.instant();
    assertThat(steps.take("sts", 8, now, now.plusSeconds(15))).hasSize(1);

    world.receiver();
    world.eventually(
        "the others are done", () -> world.entries(LedgerEvent.KILL_STEP, "txn-1").size() == 2);
    assertThat(world.places.count("sts " + MAYA + " txn-1")).isZero();
    world.clock.move(Duration.ofSeconds(16));

    world.eventually("the kill is finished", () -> world.isFinished("txn-1"));
    assertThat(world.places.count("sts " + MAYA + " txn-1")).isEqualTo(1);
  }

  @Test
  void finishesWhereACrashCameBetweenTheLastStepAndTheEnd() {
    store("set-1", "txn-1");
    var steps = new PgSteps(world.receiverDatabase);
    for (String handler : List.of("sts", "broker", "entra")) {
      Instant now = world.clock.instant();
      for (Steps.Step step : steps.take(handler, 8, now, now.plusSeconds(15))) {
        steps.settle(step, true, "ended", 204, now);
      }
    }

    world.transmitter();
    world.receiver();
    world.kill(LENA, "txn-2");

    world.eventually("the kill is finished", () -> world.isFinished("txn-1"));
    assertThat(world.places.calls).noneMatch(call -> call.contains("txn-1"));
  }

  @Test
  void killsWhileTheLedgerIsAwayAndWritesItDownAfterwards() {
    world.transmitter();
    world.receiver();
    world.ledgerAway = true;

    int status = world.ingest(world.event(MAYA, "txn-1")).status();
    world.eventually(
        "everybody is called",
        () ->
            world.places.calls.containsAll(
                List.of(
                    "sts " + MAYA + " txn-1", "broker " + MAYA + " txn-1", "entra " + MAYA_ID)));
    world.ledgerAway = false;

    assertThat(status).isEqualTo(503);
    assertThat(world.kill(MAYA, "txn-1")).isNotEmpty();
    world.eventually("the kill is finished", () -> world.isFinished("txn-1"));
    world.eventually(
        "its arrival is noted",
        () -> world.entries(LedgerEvent.EVENT_RECEIVED, "txn-1").size() == 1);
  }

  @Test
  void takesTheStepsOfOnePersonInOrder() {
    store("set-1", "txn-1");
    store("set-2", "txn-2");
    var steps = new PgSteps(world.receiverDatabase);
    Instant now = world.clock.instant().plusSeconds(1);

    List<Steps.Step> first = steps.take("sts", 8, now, now.plusSeconds(15));
    List<Steps.Step> none = steps.take("sts", 8, now, now.plusSeconds(15));
    steps.settle(first.getFirst(), true, "ended", 204, now);
    List<Steps.Step> second = steps.take("sts", 8, now, now.plusSeconds(15));

    assertThat(first).extracting(Steps.Step::txn).containsExactly("txn-1");
    assertThat(none).isEmpty();
    assertThat(second).extracting(Steps.Step::txn).containsExactly("txn-2");
  }

  @Test
  void J14_followsAChangeOfTheTransmittersKey() {
    TransmitterBox first = world.transmitter();
    world.receiver();
    world.kill(MAYA, "txn-1");
    world.eventually("the first is finished", () -> world.isFinished("txn-1"));

    first.close();
    ECKey next = KeyFiles.newEc();
    world.transmitter(
        world.issuer.getPort(), List.of(next, world.signingKey, World.PARTNER_SIGNING_KEY));
    world.kill(MAYA, "txn-2");

    world.eventually("the second is finished", () -> world.isFinished("txn-2"));
    assertThat(world.entries(LedgerEvent.EVENT_REFUSED)).isEmpty();
  }

  @Test
  void notesNothingTwiceWhenTwoReplicasShareTheWork() {
    world.transmitter();
    world.receiver();
    world.receiver();

    for (int i = 0; i < 10; i++) {
      world.kill("okta|user" + i, "txn-" + i);
    }
    for (int i = 0; i < 10; i++) {
      String txn = "txn-" + i;
      world.eventually(txn + " is finished", () -> world.isFinished(txn));
    }

    for (int i = 0; i < 10; i++) {
      assertThat(world.places.count("sts okta|user" + i + " txn-" + i)).isEqualTo(1);
      assertThat(world.entries(LedgerEvent.KILL_FINISHED, "txn-" + i)).hasSize(1);
    }
  }

  private void store(String id, String txn) {
    ObjectNode payload =
        StrictJson.object().put("event_timestamp", world.clock.instant().getEpochSecond());
    var token =
        new SecurityEventToken(
            world.issuer.toString(),
            World.AUDIENCE,
            id,
            world.clock.instant(),
            txn,
            new SubjectId.IssuerAndSubject(World.STS_ISSUER, MAYA),
            new SecurityEvent(EventTypes.SESSION_REVOKED, payload));
    new PgInbox(world.receiverDatabase)
        .store(
            new Inbox.TokenKey(MAYA, token.issuer(), token.id()),
            token,
            List.of("sts", "broker", "entra"),
            world.clock.instant());
  }

  private String onlyStream() {
    JsonNode list = StrictJson.parse(world.call("receiver", "GET", "/ssf/streams", null).body());
    assertThat(list.size()).isEqualTo(1);
    return list.get(0).path("stream_id").stringValue();
  }

  private LedgerEntry onlyFinished(String txn) {
    List<LedgerEntry> finished = world.entries(LedgerEvent.KILL_FINISHED, txn);
    assertThat(finished).hasSize(1);
    return finished.getFirst();
  }

  private static List<String> outcomes(List<LedgerEntry> steps, String handler) {
    return steps.stream()
        .filter(entry -> entry.data().path("handler").stringValue().equals(handler))
        .map(entry -> entry.data().path("outcome").stringValue())
        .toList();
  }

  private JsonNode get(ReceiverBox receiver, String path) {
    return StrictJson.parse(
        world
            .client
            .get(URI.create(receiver.baseUri() + path), Map.of(), Duration.ofSeconds(10))
            .body());
  }
}
