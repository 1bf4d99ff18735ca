package dev.countersign.signals.box;

import static dev.countersign.signals.box.World.LENA;
import static dev.countersign.signals.box.World.MAYA;
import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.FreePort;
import dev.countersign.box.Seal;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.transmit.DeadLetters;
import dev.countersign.signals.transmit.TransmitterConfig;
import dev.countersign.signals.transmit.postgres.PgDeadLetters;
import dev.countersign.signals.transmit.postgres.PgStreamStore;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// Events that a stream will not get, receivers' secrets at rest, and sources that are held to
/// their own people.
class DeadLetterTest {
  private World world;
  private DeadLetters letters;

  @BeforeEach
  void start() {
    world = new World();
    letters = new PgDeadLetters(world.transmitterDatabase);
  }

  @AfterEach
  void stop() throws Exception {
    world.close();
  }

  private String sql(String query) {
    return world.transmitterDatabase.query(connection -> {
      try (var statement = connection.prepareStatement(query);
          var row = statement.executeQuery()) {
        return row.next() ? String.valueOf(row.getString(1)) : "";
      }
    });
  }

  @Test
  void J11_anEventThatAReceiverRefusesIsDeadWithTheReasonAndCanGoAgain() {
    world.transmitter();
    String stream = world.stream("receiver");
    String id = world.kill(MAYA, "txn-1");
    world.poll("receiver", stream);
    ObjectNode refusal = StrictJson.object().put("maxEvents", 0);
    refusal.putObject("setErrs").putObject(id).put("err", "invalid_key").put("description", "x");
    world.poll("receiver", stream, refusal);

    List<DeadLetters.Dead> dead = letters.list(10);
    assertThat(dead).hasSize(1);
    assertThat(dead.getFirst().id()).isEqualTo(id);
    assertThat(dead.getFirst().txn()).isEqualTo("txn-1");
    assertThat(dead.getFirst().reason()).contains("invalid_key");
    assertThat(world.poll("receiver", stream).path("sets").isEmpty()).isTrue();

    assertThat(letters.revive("another", world.clock.instant())).isZero();
    assertThat(letters.revive(id, world.clock.instant())).isEqualTo(1);
    assertThat(world.poll("receiver", stream).path("sets").has(id)).isTrue();
    assertThat(letters.list(10)).isEmpty();
  }

  @Test
  void J13_aStreamThatKeepsTooMuchDropsTheOldestAndTellsIt() {
    world.mostWaiting = 3;
    world.transmitter();
    String stream = world.stream("receiver");
    world.call(
        "receiver",
        "POST",
        "/ssf/status",
        StrictJson.object().put("stream_id", stream).put("status", "paused"));
    for (int i = 0; i < 5; i++) {
      world.kill("okta|user" + i, "txn-" + i);
    }
    var keeping = world.transmitterConfig(1).keeping();
    try (var janitor = new Janitor(letters, keeping, world.ledger, world.clock)) {
      janitor.tidy();
      janitor.tidy();
    }

    assertThat(letters.list(10).stream().map(DeadLetters.Dead::txn))
        .containsExactlyInAnyOrder("txn-0", "txn-1");
    assertThat(letters.list(10).getFirst().reason()).contains("keeps at most 3");
    assertThat(world.entries(LedgerEvent.STREAM_OVERFLOWED)).hasSize(1);
    assertThat(letters.waiting().getFirst().events()).isEqualTo(3);
  }

  @Test
  void whatIsSettledIsForgottenAfterAMonthAndNothingElse() {
    world.transmitter();
    String stream = world.stream("receiver");
    String id = world.kill(MAYA, "txn-1");
    world.poll("receiver", stream);
    ObjectNode ack = StrictJson.object().put("maxEvents", 0);
    ack.putArray("ack").add(id);
    world.poll("receiver", stream, ack);
    world.kill(LENA, "txn-2");

    world.clock.move(Duration.ofDays(31));
    var keeping = world.transmitterConfig(1).keeping();
    try (var janitor = new Janitor(letters, keeping, world.ledger, world.clock)) {
      janitor.tidy();
    }

    assertThat(sql("SELECT string_agg(txn, ',') FROM event")).isEqualTo("txn-2");
  }

  @Test
  void J09_theReceiversHeaderIsSealedAtRestAndOpensWithTheKeyOnly() {
    world.transmitter();
    ObjectNode body = StrictJson.object();
    body.putObject("delivery")
        .put("method", "urn:ietf:rfc:8935")
        .put("endpoint_url", "http://127.0.0.1:9/push")
        .put("authorization_header", "Bearer the-secret-of-the-partner");
    assertThat(world.call("partner", "POST", "/ssf/streams", body).status()).isEqualTo(201);

    assertThat(sql("SELECT authorization_header FROM stream"))
        .startsWith("sealed:")
        .doesNotContain("the-secret");
    assertThat(headerOpenedWith(World.SEAL_KEY)).contains("Bearer the-secret-of-the-partner");
    assertThat(
            headerOpenedWith(
                new dev.countersign.protocol.Secret("another key of thirty-two characters!")))
        .isEmpty();
  }

  @Test
  void aHeaderOfAnEarlierVersionIsSealedAtTheNextStart() {
    world.transmitter();
    ObjectNode body = StrictJson.object();
    body.putObject("delivery")
        .put("method", "urn:ietf:rfc:8935")
        .put("endpoint_url", "http://127.0.0.1:9/push");
    world.call("partner", "POST", "/ssf/streams", body);
    world.transmitterDatabase.query(connection -> {
      try (var statement =
          connection.prepareStatement("UPDATE stream SET authorization_header = 'Bearer plain'")) {
        return statement.executeUpdate();
      }
    });

    world.transmitter(FreePort.any(), List.of(world.signingKey, World.PARTNER_SIGNING_KEY));

    assertThat(sql("SELECT authorization_header FROM stream")).startsWith("sealed:");
    assertThat(headerOpenedWith(World.SEAL_KEY)).contains("Bearer plain");
  }

  private Optional<String> headerOpenedWith(dev.countersign.protocol.Secret key) {
    var streams = new PgStreamStore(world.transmitterDatabase, new Seal(key)).of("partner");
    return streams.getFirst().delivery()
            instanceof dev.countersign.signals.transmit.Stream.Delivery.Push push
        ? push.authorization().map(dev.countersign.protocol.Secret::reveal)
        : Optional.empty();
  }

  @Test
  void J06_aCompromisedServerEndsOnlyThePeopleWhoActThere() {
    world.transmitter();

    assertThat(shown(world.event(MAYA, "t-1"), null)).isEqualTo(403);
    assertThat(shown(world.event(MAYA, "t-2"), obo(MAYA, World.MCP, "at+jwt", true, 0)))
        .isEqualTo(201);
    assertThat(shown(world.event(LENA, "t-3"), obo(MAYA, World.MCP, "at+jwt", true, 0)))
        .isEqualTo(403);
    assertThat(shown(world.event(MAYA, "t-4"), obo(MAYA, "http://other/mcp", "at+jwt", true, 0)))
        .isEqualTo(403);
    assertThat(shown(world.event(MAYA, "t-5"), obo(MAYA, World.MCP, "JWT", true, 0)))
        .isEqualTo(403);
    assertThat(shown(world.event(MAYA, "t-6"), obo(MAYA, World.MCP, "at+jwt", false, 0)))
        .isEqualTo(403);
    assertThat(shown(world.event(MAYA, "t-7"), obo(MAYA, World.MCP, "at+jwt", true, 600)))
        .isEqualTo(403);
    assertThat(world.entries(LedgerEvent.EVENT_ACCEPTED)).hasSize(1);
    assertThat(world.entries.toString()).doesNotContain("eyJ");
  }

  @Test
  void J06_aSourceSendsOnlyTheTypesThatItMayAndEachInItsShape() {
    world.transmitter();
    ObjectNode high = StrictJson.object().put("principal", "USER").put("current_level", "HIGH");
    assertThat(typed(EventTypes.RISK_LEVEL_CHANGE, high).status()).isEqualTo(201);

    WireClient.Answer misspelt =
        typed(EventTypes.RISK_LEVEL_CHANGE, high.deepCopy().put("current_level", "high"));
    assertThat(misspelt.status()).isEqualTo(400);
    assertThat(misspelt.text()).contains("`current_level`");
    ObjectNode without = high.deepCopy();
    without.remove("principal");
    assertThat(typed(EventTypes.RISK_LEVEL_CHANGE, without).text()).contains("`principal`");
    assertThat(typed(EventTypes.RISK_LEVEL_CHANGE, high.deepCopy().put("x", 1)).status())
        .isEqualTo(400);
    assertThat(typed(EventTypes.ACCOUNT_DISABLED, StrictJson.object()).status()).isEqualTo(403);
  }

  private WireClient.Answer typed(String type, ObjectNode members) {
    ObjectNode event = world.event(MAYA, "typed-" + System.nanoTime());
    ObjectNode payload = members.deepCopy();
    payload.put("event_timestamp", world.clock.instant().getEpochSecond());
    payload.putObject("reason_admin").put("en", "x");
    event.putObject("events").set(type, payload);
    event.put("shown_token", obo(MAYA, World.MCP, "at+jwt", true, 0));
    return world.call("gateway", "POST", "/sources/server/events", event);
  }

  private int shown(ObjectNode event, @org.jspecify.annotations.Nullable String token) {
    if (token != null) {
      event.put("shown_token", token);
    }
    return world.call("gateway", "POST", "/sources/server/events", event).status();
  }

  private String obo(String sub, String audience, String type, boolean hasActor, long old) {
    long now = world.clock.instant().getEpochSecond() - old;
    ObjectNode claims = StrictJson.object();
    claims.put("iss", World.STS_ISSUER).put("aud", audience).put("sub", sub).put("jti", "j");
    claims.put("iat", now).put("exp", now + 60).put("client_id", "gateway");
    if (hasActor) {
      claims.putObject("act").put("sub", "gateway");
    }
    return new JwtSigner(World.AUTHORIZATION_KEY).sign(type, claims);
  }

  @Test
  void aKeyThatIsTooShortSealsNothing() {
    org.assertj.core.api.Assertions.assertThatIllegalArgumentException()
        .isThrownBy(
            () -> TransmitterConfig.Keeping.usual(new dev.countersign.protocol.Secret("short")))
        .withMessageContaining("seal-key");
  }
}
