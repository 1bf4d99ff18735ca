package dev.countersign.gateway;

import static dev.countersign.ledger.LedgerEvent.CALL_FINISHED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.config.Problems;
import dev.countersign.gateway.box.ToolsFile;
import dev.countersign.gateway.tools.Tools;
import dev.countersign.protocol.StrictJson;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The gateway looks at a record by itself and asks for more where the record needs it. Daniel's
/// case, R-2, does.
class ElevationTest {
  private static final Stage STAGE = new Stage(tools());

  private static Tools tools() {
    var problems = new Problems();
    Tools tools =
        ToolsFile.read(Path.of("src/test/resources/elevation.yaml"), Set.of("refunds"), problems);
    problems.throwIfAny();
    return tools;
  }

  @BeforeEach
  void reset() {
    STAGE.reset();
  }

  @AfterAll
  static void close() {
    STAGE.close();
  }

  private static Stage.Answer read(String caseId) {
    return STAGE.tool("read_case", "{\"case_id\":\"" + caseId + "\"}");
  }

  private static String action(Map<String, String> form) {
    return StrictJson.parse(form.getOrDefault("authorization_details", "[]"))
        .at("/0/operationDetails/action")
        .asString("");
  }

  private static List<String> asked() {
    return STAGE.sts.forms.stream().map(ElevationTest::action).toList();
  }

  private static void answerTheProbe(Function<Map<String, String>, StsStandIn.Reply> reply) {
    STAGE.sts.decision =
        form -> action(form).equals("classify") ? reply.apply(form) : STAGE.sts.permit(form);
  }

  @Test
  void asksForNoMoreThanAnOrdinaryRecordNeeds() {
    Stage.Answer answer = read("R-1");

    assertThat(answer.structured().path("customer").stringValue()).isEqualTo("Ines");
    assertThat(asked()).containsExactly("classify", "read_case");
    assertThat(STAGE.sts.forms.getFirst().get("scope")).isEqualTo("case:classify");
    assertThat(STAGE.broker.minted).as("a login each").hasSize(2);
    assertThat(STAGE.entries(CALL_FINISHED).getFirst().data().path("tool").stringValue())
        .isEqualTo("read_case.probe");
  }

  @Test
  void asksForMoreWhereTheRecordNeedsIt() {
    Stage.Answer answer = read("R-2");

    assertThat(answer.isError()).isFalse();
    assertThat(asked()).containsExactly("classify", "read_restricted");
    assertThat(STAGE.entries(CALL_FINISHED).getLast().data().path("elevated").booleanValue())
        .isTrue();
  }

  @Test
  void tellsNothingOfTheRecordThatTheProbeSaw() {
    STAGE.sts.decision =
        form ->
            action(form).equals("classify")
                ? STAGE.sts.permit(form)
                : STAGE.sts.error(403, "access_denied", "not for clerks");

    Stage.Answer answer = read("R-2");

    assertThat(answer.isError()).isTrue();
    assertThat(answer.text()).doesNotContain("Daniel");
    assertThat(STAGE.ledger.toString()).doesNotContain("Daniel");
    assertThat(asked()).containsExactly("classify", "read_restricted");
  }

  @Test
  void asksForMoreWhereThereIsNoRecord() {
    read("R-9");

    assertThat(asked()).containsExactly("classify", "read_restricted");
  }

  @Test
  void asksForMoreWhereTheProbeIsDenied() {
    answerTheProbe(_ -> STAGE.sts.error(403, "access_denied", "no"));

    assertThat(read("R-1").isError()).isFalse();

    assertThat(asked()).containsExactly("classify", "read_restricted");
  }

  @Test
  void asksForMoreWhereTheProbeWouldNeedAnApproval() {
    answerTheProbe(STAGE.sts::stepUp);

    assertThat(read("R-1").isError()).isFalse();

    assertThat(asked()).containsExactly("classify", "read_restricted");
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 429, 500, 503})
  void asksForMoreWhereTheProbeCannotBeDecided(int status) {
    answerTheProbe(_ -> STAGE.sts.error(status, "server_error", "away"));

    assertThat(read("R-1").isError()).isFalse();

    assertThat(asked()).containsExactly("classify", "read_restricted");
  }

  @Test
  void asksForMoreWhereTheProbesTokenIsForSomethingElse() {
    answerTheProbe(form -> {
      STAGE.sts.claims = claims -> claims.putArray("authorization_details").addObject();
      StsStandIn.Reply reply = STAGE.sts.permit(form);
      STAGE.sts.claims = _ -> {};
      return reply;
    });

    assertThat(read("R-1").isError()).isFalse();

    assertThat(asked()).containsExactly("classify", "read_restricted");
    assertThat(STAGE.broker.minted).as("none for the probe").hasSize(1);
  }

  @Test
  void refusesABadArgumentBeforeItLooks() {
    assertThat(read("x").structured().path("status").stringValue()).isEqualTo("invalid_arguments");

    assertThat(STAGE.sts.forms).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"VALIDATE", "BOTH"})
  void startsOnlyWhereTheGatewayExchangesByItself(String mode) {
    Tools tools = tools();

    assertThatThrownBy(() -> new Stage(tools, GatewayConfig.Mode.valueOf(mode)).close())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("gateway.mode te");
  }
}
