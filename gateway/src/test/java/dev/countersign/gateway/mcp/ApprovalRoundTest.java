package dev.countersign.gateway.mcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.protocol.StrictJson;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

class ApprovalRoundTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
  private static final byte[] SECRET = "of this gateway".getBytes(StandardCharsets.US_ASCII);
  private static final RequestStates.Asked ASKED =
      new RequestStates.Asked("entra|maya", "refund", StrictJson.parseObject("{\"a\":1}"));

  private final RequestStates states = new RequestStates(SECRET, () -> NOON);

  private static ObjectNode params(String state) {
    ObjectNode params = StrictJson.object().put("requestState", state);
    params
        .putObject("_meta")
        .putObject(Era.CAPABILITIES_KEY)
        .putObject("elicitation")
        .putObject("url");
    return params;
  }

  private ApprovalRound round(String state) {
    return ApprovalRound.of(Era.MODERN, params(state), states, ASKED);
  }

  @Test
  void countsTheRoundsAndWaitsFromTheFirstRepeatOn() {
    ApprovalRound round = round(states.issue(ASKED, 1));

    assertThat(round.number()).isEqualTo(1);
    assertThat(round.patience()).isPositive();
    assertThat(new ApprovalRound(0, Way.PAGE).patience()).isEqualTo(Duration.ZERO);
  }

  @Test
  void offersNoFurtherRoundBeforeTheClientGivesUp() {
    assertThat(round(states.issue(ASKED, 7)).isOffered()).isTrue();
    assertThat(round(states.issue(ASKED, 8)).isOffered()).isFalse();
  }

  @Test
  void takesTheStateOfAnotherReplica() {
    var replica = new RequestStates(SECRET, () -> NOON.plusSeconds(60));

    assertThat(replica.round(states.issue(ASKED, 3), ASKED)).contains(3);
  }

  @Test
  void refusesAStateAfterFiveMinutes() {
    String state = states.issue(ASKED, 1);
    var later = new RequestStates(SECRET, () -> NOON.plusSeconds(300));

    assertThatThrownBy(() -> ApprovalRound.of(Era.MODERN, params(state), later, ASKED))
        .isInstanceOf(McpRefusal.class);
  }

  @Test
  void refusesAStateOfAnotherGateway() {
    var other = new RequestStates("of another".getBytes(StandardCharsets.US_ASCII), () -> NOON);

    assertThatThrownBy(() -> round(other.issue(ASKED, 1))).isInstanceOf(McpRefusal.class);
  }
}
