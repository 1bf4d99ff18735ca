package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.StrictJson;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// The first rung of the step-up ladder: a client that can send the person to a page carries the
/// call through by itself.
class ElicitationTest {
  private static final String REFUND = "{\"case_id\":\"R-1\",\"amount_cents\":8000}";

  private static Stage stage = new Stage();

  @BeforeEach
  void reset() {
    stage.reset();
    stage.sts.decision = stage.sts::stepUp;
  }

  @AfterAll
  static void close() {
    stage.close();
  }

  private static ObjectNode first() {
    return stage.eliciting(Stage.call("process_refund", REFUND)).send().result();
  }

  private static ObjectNode repeat(String state, String action) {
    ObjectNode params = Stage.call("process_refund", REFUND).put("requestState", state);
    params.putObject("inputResponses").putObject("approval").put("action", action);
    return params;
  }

  private static String state(ObjectNode result) {
    return result.path("requestState").asString("");
  }

  @Test
  void namesThePageAndNothingSecret() {
    ObjectNode result = first();

    assertThat(result.path("resultType").asString("")).isEqualTo("input_required");
    ObjectNode params = (ObjectNode) result.path("inputRequests").path("approval").path("params");
    assertThat(params.path("mode").asString("")).isEqualTo("url");
    assertThat(params.path("url").asString("")).isEqualTo(stage.sts.uri() + "/approve/a-1");
    assertThat(params.path("message").asString("")).contains("80.00 USD");
    assertThat(result.toString()).doesNotContain("eyJhbGciOi");
    assertThat(stage.broker.minted).isEmpty();
  }

  @Test
  void runsTheRepeatOnceThePersonHasApproved() {
    String state = state(first());
    stage.sts.state = "VERIFY_SUCCESS";

    Stage.Answer answer = stage.eliciting(repeat(state, "accept")).send();

    assertThat(answer.result().path("resultType").asString("")).isEqualTo("complete");
    assertThat(answer.isError()).isFalse();
    assertThat(stage.broker.revoked).isEqualTo(stage.broker.minted).hasSize(1);
  }

  @Test
  void holdsTheRepeatWhileThePersonApproves() {
    ObjectNode params = repeat(state(first()), "accept");

    CompletableFuture<Stage.Answer> held =
        CompletableFuture.supplyAsync(() -> stage.eliciting(params).send());
    stage.sts.state = "VERIFY_SUCCESS";

    assertThat(held.join().isError()).isFalse();
    assertThat(stage.broker.minted).hasSize(1);
  }

  @Test
  void believesTheTokenServiceAndNotTheClientsAccept() {
    String state = state(first());
    stage.sts.state = "USER_DENIED";

    Stage.Answer answer = stage.eliciting(repeat(state, "accept")).send();

    assertThat(answer.isError()).isTrue();
    assertThat(answer.structured().path("code").asString("")).isEqualTo("approval_denied");
    assertThat(stage.broker.minted).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"decline", "cancel"})
  void tellsHowToGoOnWhereThePersonDoesNotWantThePageNow(String action) {
    Stage.Answer answer = stage.eliciting(repeat(state(first()), action)).send();

    assertThat(answer.isError()).isTrue();
    assertThat(answer.structured().path("status").asString("")).isEqualTo("approval_required");
    assertThat(stage.broker.minted).isEmpty();
  }

  @Test
  void tellsAClientWithoutThatCapabilityInAPlainResult() {
    Stage.Answer answer = stage.tool("process_refund", REFUND);

    assertThat(answer.structured().path("status").asString("")).isEqualTo("approval_required");
  }

  private static Stage.Request inAForm(ObjectNode params, boolean isNamed) {
    Stage.Request request = stage.modern("tools/call", params);
    ObjectNode elicitation =
        params
            .withObject("/_meta")
            .withObject("/io.modelcontextprotocol~1clientCapabilities")
            .putObject("elicitation");
    if (isNamed) {
      elicitation.putObject("form");
    }
    return request.body(Stage.message("tools/call", params));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void meetsAPersonAtAFormThatTakesNoCode(boolean isNamed) {
    ObjectNode asked = inAForm(Stage.call("process_refund", REFUND), isNamed).send().result();
    ObjectNode params = (ObjectNode) asked.path("inputRequests").path("approval").path("params");
    ObjectNode repeated = repeat(state(asked), "accept");
    repeated
        .withObject("/inputResponses/approval")
        .putObject("content")
        .put("decision", "continue");
    Stage.Answer before = inAForm(repeated.deepCopy().put("requestState", "none"), isNamed).send();
    stage.sts.state = "VERIFY_SUCCESS";
    Stage.Answer after = inAForm(repeated, isNamed).send();

    assertThat(params.path("mode").asString("")).isEqualTo("form");
    assertThat(params.path("message").asString("")).contains("80.00 USD", "/approve/a-1");
    assertThat(params.path("requestedSchema").path("properties").propertyNames())
        .containsExactly("decision");
    assertThat(params.path("requestedSchema").toString()).doesNotContain("http", "code");
    assertThat(before.errorCode()).isEqualTo(-32602);
    assertThat(after.isError()).isFalse();
    assertThat(stage.broker.minted).hasSize(1);
  }

  @Test
  void believesNoFormThatSaysContinue() {
    ObjectNode asked = inAForm(Stage.call("process_refund", REFUND), true).send().result();
    ObjectNode repeated = repeat(state(asked), "accept");
    repeated.withObject("/inputResponses/approval").putObject("content").put("decision", "cancel");

    Stage.Answer cancelled = inAForm(repeated, true).send();
    repeated.withObject("/inputResponses/approval/content").put("decision", "continue");
    stage.sts.state = "USER_DENIED";
    Stage.Answer denied = inAForm(repeated, true).send();

    assertThat(cancelled.structured().path("status").asString("")).isEqualTo("approval_required");
    assertThat(denied.structured().path("code").asString("")).isEqualTo("approval_denied");
    assertThat(stage.broker.minted).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "e30.e30", "tampered", "other-arguments", "other-tool"})
  void refusesAStateThatWasNotGivenOutForThisCall(String how) {
    String good = state(first());
    ObjectNode params =
        switch (how) {
          case "tampered" -> repeat("A" + good.substring(1), "accept");
          case "other-arguments" -> {
            ObjectNode other = repeat(good, "accept");
            other.set("arguments", StrictJson.parseObject(REFUND.replace("8000", "8001")));
            yield other;
          }
          case "other-tool" -> {
            ObjectNode other = Stage.call("find_case", "{\"case_id\":\"R-1\"}");
            yield other.put("requestState", good);
          }
          default -> repeat(how, "accept");
        };
    stage.sts.state = "VERIFY_SUCCESS";

    Stage.Answer answer = stage.eliciting(params).send();

    assertThat(answer.errorCode()).isEqualTo(-32602);
    assertThat(stage.broker.minted).isEmpty();
  }

  @Test
  void I07_refusesTheStateOfAnotherPerson() {
    ObjectNode params = repeat(state(first()), "accept");
    stage.sts.state = "VERIFY_SUCCESS";

    Stage.Answer answer =
        stage
            .eliciting(params)
            .with(
                "Authorization", "Bearer " + stage.bearer(claims -> claims.put("oid", "oid-tomas")))
            .send();

    assertThat(answer.errorCode()).isEqualTo(-32602);
    assertThat(stage.broker.minted).isEmpty();
  }
}
