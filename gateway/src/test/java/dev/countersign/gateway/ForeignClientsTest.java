package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.Counterparts;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Clients that agents use, unmodified: the TypeScript SDK of the older revisions and of
/// 2026-07-28, and the AI SDK.
class ForeignClientsTest {
  private static final String REFUND = "{\"case_id\":\"R-1\",\"amount_cents\":8000}";

  private static Stage stage;

  @BeforeAll
  static void open() throws IOException {
    Files.copy(
        Path.of("../counterparts/js/mcp-client.mjs"),
        Counterparts.js().resolve("mcp-client.mjs"),
        StandardCopyOption.REPLACE_EXISTING);
    stage = new Stage();
  }

  @BeforeEach
  void reset() {
    stage.reset();
  }

  @AfterAll
  static void close() {
    stage.close();
  }

  private static ObjectNode run(String client, String tool, String arguments)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Counterparts.node().toString(),
                Counterparts.js().resolve("mcp-client.mjs").toString(),
                client,
                stage.config.base() + "/mcp",
                stage.bearer(),
                tool,
                arguments)
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return StrictJson.parseObject(output.lines().reduce((_, last) -> last).orElse(""));
  }

  @ParameterizedTest
  @ValueSource(strings = {"v1", "v2", "ai"})
  void listsAndCalls(String client) throws IOException, InterruptedException {
    ObjectNode answer = run(client, "find_case", "{\"case_id\":\"R-1\"}");

    assertThat(answer.path("tools")).extracting(JsonNode::stringValue).contains("find_case");
    assertThat(answer.path("result").toString()).contains("Ines");
    assertThat(stage.broker.revoked).isEqualTo(stage.broker.minted).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"v1", "v2", "ai"})
  void readsADenial(String client) throws IOException, InterruptedException {
    stage.sts.decision = _ -> stage.sts.error(400, "access_denied", "over the limit");

    ObjectNode answer = run(client, "process_refund", REFUND);

    assertThat(answer.path("result").toString())
        .contains("access_denied")
        .contains("over the limit");
    assertThat(stage.broker.minted).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"v1", "ai"})
  void readsWhereToApprove(String client) throws IOException, InterruptedException {
    stage.sts.decision = stage.sts::stepUp;

    ObjectNode answer = run(client, "process_refund", REFUND);

    assertThat(answer.path("result").toString()).contains("/approve/a-1");
    assertThat(stage.broker.minted).isEmpty();
  }

  @Test
  void carriesAStepUpThroughInOneCallOfTheModernClient() throws IOException, InterruptedException {
    stage.sts.decision =
        form -> {
          var reply = stage.sts.stepUp(form);
          if (stage.sts.forms.size() > 1) {
            stage.sts.state = "VERIFY_SUCCESS"; // the person has approved before the repeat
          }
          return reply;
        };

    ObjectNode answer = run("v2", "process_refund", REFUND);

    assertThat(answer.path("result").path("isError").asBoolean(true)).isFalse();
    assertThat(stage.broker.minted).hasSize(1);
  }
}
