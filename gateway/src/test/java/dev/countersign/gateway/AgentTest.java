package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.agent.CallOutcome;
import dev.countersign.agent.McpClient;
import dev.countersign.agent.Revision;
import dev.countersign.agent.ToolList;
import dev.countersign.agent.http.HttpTransport;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import java.net.URI;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.node.ObjectNode;

/// The agent's client against the gateway, in each revision.
class AgentTest {
  private static final Stage STAGE = new Stage();

  @BeforeEach
  void reset() {
    STAGE.reset();
  }

  @AfterAll
  static void close() {
    STAGE.close();
  }

  private static McpClient client(Revision revision) {
    return new McpClient(new HttpTransport(STAGE.config.resource()), revision);
  }

  private static ObjectNode refund() {
    return StrictJson.parseObject("{\"case_id\":\"R-1\",\"amount_cents\":8000}");
  }

  private static Secret bearer() {
    return new Secret(STAGE.bearer());
  }

  @ParameterizedTest
  @EnumSource(Revision.class)
  void opensListsAndCalls(Revision revision) {
    McpClient client = client(revision);

    assertThat(client.open(bearer()).path("instructions").asString("")).isNotEmpty();
    assertThat(client.listTools(bearer()))
        .isInstanceOfSatisfying(
            ToolList.Listed.class,
            listed ->
                assertThat(listed.tools())
                    .extracting("name")
                    .contains("find_case", "process_refund"));
    assertThat(client.callTool(bearer(), "process_refund", refund()))
        .isInstanceOfSatisfying(
            CallOutcome.Done.class,
            done -> {
              assertThat(done.structured().path("amount").asInt(0)).isEqualTo(8000);
              assertThat(done.diagnostics().path("dev.countersign/jti").asString(""))
                  .isEqualTo(STAGE.sts.jti);
            });
  }

  @ParameterizedTest
  @EnumSource(Revision.class)
  void getsTheAnswerOfACallThatTakesLong(Revision revision) {
    ObjectNode slow = StrictJson.parseObject("{\"case_id\":\"R-1\",\"seconds\":2}");

    assertThat(client(revision).callTool(bearer(), "refund_slowly", slow))
        .isInstanceOfSatisfying(
            CallOutcome.Done.class,
            done -> assertThat(done.structured().path("case_id").asString("")).isEqualTo("R-1"));
  }

  @ParameterizedTest
  @EnumSource(Revision.class)
  void tellsApprovalDenialSignInAndFailureApart(Revision revision) {
    McpClient client = client(revision);

    STAGE.sts.decision = STAGE.sts::stepUp;
    assertThat(client.callTool(bearer(), "process_refund", refund()))
        .isInstanceOfSatisfying(
            CallOutcome.ApprovalRequired.class,
            approval -> {
              assertThat(approval.url()).isEqualTo(URI.create(STAGE.sts.uri() + "/approve/a-1"));
              assertThat(approval.approvalId()).isEqualTo("a-1");
              assertThat(approval.jti()).isEqualTo(STAGE.sts.jti);
            });

    STAGE.sts.decision = _ -> STAGE.sts.error(400, "access_denied", "over the hard cap");
    assertThat(client.callTool(bearer(), "process_refund", refund()))
        .isInstanceOfSatisfying(
            CallOutcome.Denied.class,
            denied -> {
              assertThat(denied.code()).isEqualTo("access_denied");
              assertThat(denied.reason()).isEqualTo("over the hard cap");
              assertThat(denied.jti()).isEqualTo(STAGE.sts.jti);
              assertThat(denied.reasons()).hasSize(1);
            });

    STAGE.sts.decision = _ -> STAGE.sts.error(400, "invalid_request", "revoked");
    assertThat(client.callTool(bearer(), "process_refund", refund()))
        .isInstanceOfSatisfying(
            CallOutcome.SignInRequired.class,
            signIn -> assertThat(signIn.resourceMetadata()).isPresent());
    assertThat(client.listTools(new Secret("expired"))).isInstanceOf(ToolList.SignInRequired.class);

    assertThat(client.callTool(bearer(), "process_refund", StrictJson.object()))
        .isInstanceOfSatisfying(
            CallOutcome.Failed.class,
            failed -> assertThat(failed.code()).isEqualTo("invalid_arguments"));
    assertThat(client.callTool(bearer(), "no_such_tool", StrictJson.object()))
        .isInstanceOfSatisfying(
            CallOutcome.Failed.class, failed -> assertThat(failed.code()).isEqualTo("rpc_-32602"));
    assertThat(client.callTool(bearer(), "nö töol", StrictJson.object()))
        .isInstanceOfSatisfying(
            CallOutcome.Failed.class, failed -> assertThat(failed.code()).isEqualTo("rpc_-32602"));
  }
}
