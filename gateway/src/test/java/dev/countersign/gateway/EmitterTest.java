package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.protocol.AntennaIngest;
import dev.countersign.protocol.CompactJws;
import dev.countersign.protocol.Ids;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Calls that policy blocks end a person's sessions where that is configured, and only there.
class EmitterTest {
  private static final Stage STAGE = new Stage();
  private static final String TYPE =
      "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
  private static final String REFUND = "{\"case_id\":\"R-1\",\"amount_cents\":8000}";

  private final IngestStandIn transmitter = new IngestStandIn("gateway");
  private final IngestStandIn antenna = new IngestStandIn("mcp-gateway");

  @BeforeEach
  void reset() {
    STAGE.reset();
  }

  @AfterEach
  void stop() {
    transmitter.close();
    antenna.close();
  }

  @AfterAll
  static void close() {
    STAGE.close();
  }

  private Emitter emitter(boolean isForAntenna) {
    return new Emitter(
        3,
        Duration.ofMinutes(5),
        transmitter.address(),
        "gateway",
        isForAntenna
            ? Optional.of(new AntennaIngest(antenna.address(), "mcp-gateway"))
            : Optional.empty());
  }

  private static void blocked(Stage.Replica replica) {
    answered(replica, "access_denied");
  }

  private static void answered(Stage.Replica replica, String error) {
    STAGE.sts.jti = Ids.random();
    STAGE.sts.decision = _ -> STAGE.sts.error(400, error, "no");
    STAGE.modern("tools/call", Stage.call("process_refund", REFUND)).at(replica).send();
  }

  @Test
  void asManyBlockedCallsAsAreTooManyEndTheSessionsWithOneEvent() {
    try (var replica = STAGE.replica(Optional.of(emitter(false)));
        var other = STAGE.replica(Optional.of(emitter(false)))) {
      blocked(replica);
      blocked(other);
      assertThat(transmitter.taken).isEmpty();
      blocked(replica);
      Stage.await("the event", () -> !transmitter.taken.isEmpty());
      blocked(replica); // the next count begins at one
      blocked(other);

      Stage.await("the outbox", () -> STAGE.waiting() == 0);
      assertThat(transmitter.taken).hasSize(1);
      IngestStandIn.Taken event = transmitter.taken.getFirst();
      assertThat(event.body().path("sub_id").path("format").asString("")).isEqualTo("iss_sub");
      assertThat(event.body().path("sub_id").path("sub").asString("")).isEqualTo("entra|oid-maya");
      assertThat(event.body().path("txn").asString("")).isNotEmpty();
      JsonNode payload = event.body().path("events").path(TYPE);
      assertThat(payload.path("initiating_entity").asString("")).isEqualTo("policy");
      assertThat(payload.path("reason_admin").path("en").asString("")).contains("3 blocked calls");
      assertThat(CompactJws.parse(event.assertion()).unverifiedIssuer()).isEqualTo("gateway");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"invalid_request", "approval_denied", "temporarily_unavailable"})
  void whatIsNoDenialByPolicyDoesNotCount(String error) {
    try (var replica = STAGE.replica(Optional.of(emitter(false)))) {
      for (int i = 0; i < 4; i++) {
        answered(replica, error);
      }
      blocked(replica);
      blocked(replica);

      assertThat(STAGE.waiting()).isZero();
      assertThat(transmitter.taken).isEmpty();
    }
  }

  @Test
  void nothingIsCountedWhereItIsNotConfigured() {
    try (var replica = STAGE.replica()) {
      for (int i = 0; i < 5; i++) {
        blocked(replica);
      }

      assertThat(STAGE.counted()).isZero();
      assertThat(STAGE.waiting()).isZero();
    }
  }

  @Test
  void callsThatLieOutsideTheWindowDoNotCount() {
    try (var replica = STAGE.replica(Optional.of(emitter(false)))) {
      blocked(replica);
      blocked(replica);
      STAGE.state("UPDATE blocked_call SET at = at - interval '6 minutes'");
      blocked(replica);
      blocked(replica);

      assertThat(STAGE.waiting()).isZero();
      assertThat(STAGE.counted()).as("what is past is not kept").isEqualTo(2);
      assertThat(transmitter.taken).isEmpty();
    }
  }

  @Test
  void theEventOutlivesATransmitterThatIsAwayAndAGatewayThatEnds() {
    transmitter.status = 503;
    try (var replica = STAGE.replica(Optional.of(emitter(false)))) {
      blocked(replica);
      blocked(replica);
      blocked(replica);
      assertThat(STAGE.waiting()).isEqualTo(1);
    }
    assertThat(transmitter.taken).isEmpty();
    transmitter.status = 201;
    STAGE.state("UPDATE event_outbox SET next_try_at = next_try_at - interval '1 minute'");

    try (var another = STAGE.replica(Optional.of(emitter(false)))) {
      Stage.await("the event", () -> !transmitter.taken.isEmpty());
      assertThat(another.base()).isNotNull();
    }
    assertThat(transmitter.taken).hasSize(1);
  }

  @Test
  void anAntennaGetsTheFormOfItsMappersAndNoProofOfOurs() {
    try (var replica = STAGE.replica(Optional.of(emitter(true)))) {
      blocked(replica);
      blocked(replica);
      blocked(replica);
      Stage.await("the event", () -> !antenna.taken.isEmpty());

      ObjectNode body = antenna.taken.getFirst().body();
      assertThat(body.propertyNames()).containsExactlyInAnyOrder("sub_id", "events");
      assertThat(body.path("sub_id").toString())
          .isEqualTo("{\"format\":\"opaque\",\"id\":\"oid-maya\",\"entraUserId\":\"oid-maya\"}");
      JsonNode payload = body.path("events").path(TYPE);
      assertThat(payload.propertyNames())
          .containsExactlyInAnyOrder(
              "event_timestamp", "initiatingEntity", "reasonAdmin", "reasonUser");
      assertThat(payload.path("event_timestamp").asLong(0)).isLessThan(100_000_000_000L);
      assertThat(antenna.taken.getFirst().assertion()).isEmpty();
      assertThat(transmitter.taken).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://antenna.example:9042",
        "https://antenna.example:9042/path",
        "https://a@antenna.example",
        "ftp://127.0.0.1"
      })
  void anAntennaIsCalledByHttpsOnly(String address) {
    assertThatThrownBy(() -> new AntennaIngest(URI.create(address), "mcp"))
        .hasMessageContaining("antenna: address must be https");
  }
}
