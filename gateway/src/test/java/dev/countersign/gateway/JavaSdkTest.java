package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The official Java SDK, unmodified, in the two revisions that it speaks.
class JavaSdkTest {
  private static final Stage STAGE = new Stage();
  private static final Map<String, Object> REFUND = Map.of("case_id", "R-1", "amount_cents", 8000);

  @BeforeEach
  void reset() {
    STAGE.reset();
  }

  @AfterAll
  static void close() {
    STAGE.close();
  }

  private static <T> T with(String version, String token, Function<McpSyncClient, T> use) {
    var transport =
        HttpClientStreamableHttpTransport.builder(STAGE.config.base().toString())
            .endpoint("/mcp")
            .supportedProtocolVersions(List.of(version))
            .addHttpRequestCustomizer(
                (request, _, _, _, _) -> request.setHeader("Authorization", "Bearer " + token))
            .build();
    try (McpSyncClient client =
        McpClient.sync(transport).requestTimeout(Duration.ofMinutes(1)).build()) {
      assertThat(client.initialize().protocolVersion()).isEqualTo(version);
      return use.apply(client);
    }
  }

  private static CallToolResult call(String version, String tool, Map<String, Object> arguments) {
    return with(
        version,
        STAGE.bearer(),
        client -> client.callTool(CallToolRequest.builder(tool).arguments(arguments).build()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"2025-06-18", "2025-11-25"})
  void listsAndCalls(String version) {
    List<Tool> tools = with(version, STAGE.bearer(), client -> client.listTools().tools());
    CallToolResult result = call(version, "find_case", Map.of("case_id", "R-1"));

    assertThat(tools).extracting(Tool::name).contains("find_case", "process_refund");
    assertThat(result.isError()).isFalse();
    assertThat(String.valueOf(result.structuredContent())).contains("Ines");
    assertThat(STAGE.broker.revoked).isEqualTo(STAGE.broker.minted).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"2025-06-18", "2025-11-25"})
  void readsWhereToApproveAndCallsAgain(String version) {
    STAGE.sts.decision = STAGE.sts::stepUp;

    CallToolResult pending = call(version, "process_refund", REFUND);
    STAGE.sts.state = "VERIFY_SUCCESS";
    CallToolResult done = call(version, "process_refund", REFUND);

    assertThat(pending.isError()).isTrue();
    assertThat(String.valueOf(pending.content())).contains("/approve/a-1");
    assertThat(done.isError()).isFalse();
    assertThat(STAGE.count("SELECT amount FROM refunds")).isEqualTo(8000);
  }

  @ParameterizedTest
  @ValueSource(strings = {"2025-06-18", "2025-11-25"})
  void readsADenial(String version) {
    STAGE.sts.decision = _ -> STAGE.sts.error(400, "access_denied", "over the limit");

    CallToolResult denied = call(version, "process_refund", REFUND);

    assertThat(denied.isError()).isTrue();
    assertThat(String.valueOf(denied.content())).contains("access_denied", "over the limit");
    assertThat(STAGE.broker.minted).isEmpty();
  }

  @Test
  void doesNotGetInWithATokenForSomebodyElse() {
    String foreign = STAGE.bearer(claims -> claims.put("aud", "another"));

    assertThatThrownBy(() -> with("2025-11-25", foreign, McpSyncClient::listTools))
        .isInstanceOf(RuntimeException.class);
    assertThat(STAGE.sts.forms).isEmpty();
  }
}
