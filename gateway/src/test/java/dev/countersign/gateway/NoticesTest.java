package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.StrictJson;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a client hears of a call before its answer: progress and log messages, if it asked.
class NoticesTest {
  private static final String FIND = "{\"case_id\":\"R-1\"}";
  private static final Stage STAGE = new Stage();

  @BeforeEach
  void reset() {
    STAGE.reset();
  }

  @AfterAll
  static void close() {
    STAGE.close();
  }

  private static Stage.Answer ask(String version, ObjectNode params) {
    return version.equals(Stage.MODERN)
        ? STAGE.modern("tools/call", params).send()
        : STAGE.legacy(version, "tools/call", params).send();
  }

  private static ObjectNode call(String meta) {
    ObjectNode params = Stage.call("find_case", FIND);
    params.set("_meta", StrictJson.parseObject(meta));
    return params;
  }

  private static List<ObjectNode> events(Stage.Answer answer) {
    assertThat(answer.header("Content-Type")).isEqualTo("text/event-stream");
    return answer
        .text()
        .lines()
        .filter(line -> line.startsWith("data: "))
        .map(line -> StrictJson.parseObject(line.substring(6)))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"2025-06-18", "2025-11-25", Stage.MODERN})
  void tellsTheStagesOfACallToWhoeverAsked(String version) {
    List<ObjectNode> events = events(ask(version, call("{\"progressToken\": \"p\"}")));

    assertThat(events).hasSize(4);
    assertThat(events.subList(0, 3))
        .allSatisfy(event -> {
          assertThat(event.path("method").asString("")).isEqualTo("notifications/progress");
          assertThat(event.path("params").path("progressToken").asString("")).isEqualTo("p");
          assertThat(event.path("params").path("total").asInt(0)).isEqualTo(3);
        })
        .extracting(event -> event.path("params").path("message").asString(""))
        .containsExactly("authorized", "ready", "ended");
    assertThat(events.getLast().path("result").path("isError").asBoolean(true)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"debug", "info"})
  void logsToAClientOfTheNewestRevisionFromItsLevelOn(String level) {
    ObjectNode params = call("{\"io.modelcontextprotocol/logLevel\": \"" + level + "\"}");
    List<ObjectNode> events = events(ask(Stage.MODERN, params));

    assertThat(events).hasSize(4);
    JsonNode first = events.getFirst();
    assertThat(first.path("method").asString("")).isEqualTo("notifications/message");
    assertThat(first.path("params").path("level").asString("")).isEqualTo("info");
    assertThat(first.path("params").path("data").path("stage").asString(""))
        .isEqualTo("authorized");
  }

  @Test
  void saysNothingBelowTheLevelOrUnasked() {
    for (String meta : List.of("{}", "{\"io.modelcontextprotocol/logLevel\": \"warning\"}")) {
      Stage.Answer answer = ask(Stage.MODERN, call(meta));

      assertThat(answer.header("Content-Type")).startsWith("application/json");
      assertThat(answer.isError()).isFalse();
    }
  }

  @Test
  void I16_tellsNothingOfACallThatIsRefused() {
    STAGE.sts.decision = _ -> STAGE.sts.error(400, "access_denied", "no");

    Stage.Answer answer =
        ask(
            Stage.MODERN,
            call("{\"progressToken\": 1, \"io.modelcontextprotocol/logLevel\": \"debug\"}"));

    assertThat(answer.header("Content-Type")).startsWith("application/json");
    assertThat(answer.structured().path("status").asString("")).isEqualTo("denied");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"progressToken\": null}",
        "{\"progressToken\": 1.5}",
        "{\"progressToken\": {}}",
        "{\"io.modelcontextprotocol/logLevel\": \"loud\"}",
        "{\"io.modelcontextprotocol/logLevel\": 3}"
      })
  void I06_refusesTokensAndLevelsOfAnotherType(String meta) {
    assertThat(ask(Stage.MODERN, call(meta)).errorCode()).isEqualTo(-32602);
    assertThat(STAGE.broker.minted).isEmpty();
  }
}
