package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.StrictJson;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.node.ObjectNode;

/// A killed person is out at once, whatever they ask, at every replica, in both patterns.
class KillGateTest {
  private static final Stage EXCHANGING = new Stage();
  private static final Stage VALIDATING = new Stage(Stage.tools(), GatewayConfig.Mode.VALIDATE);
  private static final Stage.Replica OTHER_EXCHANGING = EXCHANGING.replica();
  private static final Stage.Replica OTHER_VALIDATING = VALIDATING.replica();
  private static final String REFUND = "{\"case_id\":\"R-1\",\"amount_cents\":8000}";
  private static final String DETAILS =
      "[{\"type\":\"urn:smt:agent:refund\",\"operationDetails\":{\"action\":\"process_refund\","
          + "\"instructedAmount\":{\"currency\":\"USD\",\"amount\":8000},"
          + "\"creditorAccount\":{\"identification\":\"R-1\"}}}]";

  @BeforeEach
  void reset() {
    EXCHANGING.reset();
    VALIDATING.reset();
  }

  @AfterAll
  static void close() {
    OTHER_EXCHANGING.close();
    OTHER_VALIDATING.close();
    EXCHANGING.close();
    VALIDATING.close();
  }

  private static Stage stage(GatewayConfig.Mode mode) {
    return mode == GatewayConfig.Mode.TE ? EXCHANGING : VALIDATING;
  }

  private static Stage.Replica other(GatewayConfig.Mode mode) {
    return mode == GatewayConfig.Mode.TE ? OTHER_EXCHANGING : OTHER_VALIDATING;
  }

  private static String token(Stage stage, GatewayConfig.Mode mode) {
    if (mode == GatewayConfig.Mode.TE) {
      return stage.bearer();
    }
    Map<String, String> form =
        Map.of(
            "resource",
            stage.config.resource().toString(),
            "scope",
            "refund:write",
            "authorization_details",
            DETAILS);
    return stage.sts.permit(form).body().path("access_token").asString("");
  }

  private static List<Stage.Request> everything(Stage stage, String token) {
    ObjectNode call = Stage.call("process_refund", REFUND);
    ObjectNode hello = StrictJson.object().put("protocolVersion", "2025-11-25");
    return List.of(
            stage.modern("server/discover", StrictJson.object()),
            stage.modern("tools/list", StrictJson.object()),
            stage.modern("tools/call", call.deepCopy()),
            stage.legacy("2025-11-25", "initialize", hello),
            stage.legacy("2025-11-25", "ping", StrictJson.object()),
            stage.legacy("2025-11-25", "tools/list", StrictJson.object()),
            stage.legacy("2025-06-18", "tools/call", call.deepCopy()))
        .stream()
        .map(request -> request.with("Authorization", "Bearer " + token))
        .toList();
  }

  @ParameterizedTest
  @EnumSource(names = {"TE", "VALIDATE"})
  void refusesEverythingAtEveryReplicaOnceThePersonIsKilled(GatewayConfig.Mode mode) {
    Stage stage = stage(mode);
    String token = token(stage, mode);

    stage.sts.killed = true;

    for (Stage.Request request : everything(stage, token)) {
      assertThat(request.send().status()).isEqualTo(401);
      Stage.Answer elsewhere = request.at(other(mode)).send();
      assertThat(elsewhere.status()).isEqualTo(401);
      assertThat(elsewhere.header("WWW-Authenticate")).contains("error=\"invalid_token\"");
      assertThat(request.send().status()).as("again").isEqualTo(401);
    }
    assertThat(stage.broker.minted).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(names = {"TE", "VALIDATE"})
  void letsThePersonInAgainOnceTheGateIsOpen(GatewayConfig.Mode mode) {
    Stage stage = stage(mode);
    String token = token(stage, mode);
    stage.sts.killed = true;
    for (Stage.Request request : everything(stage, token)) {
      request.send();
    }

    stage.sts.killed = false;

    for (Stage.Request request : everything(stage, token)) {
      assertThat(request.send().status()).isEqualTo(200);
      assertThat(request.at(other(mode)).send().status()).isEqualTo(200);
    }
  }
}
