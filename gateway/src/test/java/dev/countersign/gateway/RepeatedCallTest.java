package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Ids;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// A call that writes has its effect once, however often and from wherever it is repeated.
class RepeatedCallTest {
  private static final String REFUND = "{\"case_id\":\"R-1\",\"amount_cents\":8000}";

  private static Stage stage = new Stage();

  @BeforeEach
  void reset() {
    stage.reset();
  }

  @AfterAll
  static void close() {
    stage.close();
  }

  private static Stage.Answer refund(String arguments) {
    return stage.tool("process_refund", arguments);
  }

  private static long rows() {
    return stage.count("SELECT count(*) FROM refunds");
  }

  private static JsonNode meta(Stage.Answer answer, String name) {
    return answer.result().path("_meta").path("dev.countersign/" + name);
  }

  @Test
  void F04_answersARepeatWithTheOutcomeOfTheFirst() {
    Stage.Answer first = refund(REFUND);
    String firstJti = stage.sts.jti;
    stage.sts.jti = Ids.random();

    Stage.Answer repeat = refund(REFUND);

    assertThat(repeat.isError()).isFalse();
    assertThat(repeat.structured()).isEqualTo(first.structured());
    assertThat(meta(repeat, "repeated").asBoolean(false)).isTrue();
    assertThat(meta(repeat, "jti").asString("")).isEqualTo(firstJti);
    assertThat(rows()).isEqualTo(1);
    assertThat(stage.broker.minted).hasSize(1);
    assertThat(stage.entries(LedgerEvent.CALL_FINISHED).getLast().data().toString())
        .contains("repeated", firstJti);
  }

  @Test
  void countsADefaultLikeTheSameValueWrittenOut() {
    refund(REFUND);

    refund("{\"currency\":\"USD\",\"amount_cents\":8000,\"case_id\":\"R-1\"}");

    assertThat(rows()).isEqualTo(1);
  }

  @Test
  void runsACallThatDiffersInOneArgument() {
    refund(REFUND);
    refund(REFUND.replace("8000", "8001"));
    refund(REFUND.replace("R-1", "R-2"));

    assertThat(rows()).isEqualTo(3);
  }

  @Test
  void keepsTheCallsOfTwoPeopleAndOfTwoClientsApart() {
    refund(REFUND);
    for (String[] claim : new String[][] {{"oid", "oid-tomas"}, {"azp", "another-client"}}) {
      String bearer = stage.bearer(claims -> claims.put(claim[0], claim[1]));
      Stage.Answer answer =
          stage
              .modern("tools/call", Stage.call("process_refund", REFUND))
              .with("Authorization", "Bearer " + bearer)
              .send();
      assertThat(meta(answer, "repeated").isMissingNode()).as(claim[0]).isTrue();
    }

    assertThat(rows()).isEqualTo(3);
  }

  @Test
  void authorizesARepeatLikeAnyCall() {
    refund(REFUND);
    stage.sts.decision = _ -> stage.sts.error(400, "access_denied", "no");

    Stage.Answer repeat = refund(REFUND);

    assertThat(repeat.structured().path("status").asString("")).isEqualTo("denied");
    assertThat(repeat.text()).doesNotContain("\"amount\":8000");
  }

  @Test
  void hasOneEffectForCallsThatComeAtTheSameMoment() {
    var calls =
        IntStream.range(0, 8)
            .mapToObj(_ -> CompletableFuture.supplyAsync(() -> refund(REFUND)))
            .toList();

    assertThat(calls.stream().map(CompletableFuture::join))
        .allMatch(answer ->
            !answer.isError()
                || answer.structured().path("code").asString("").equals("in_progress"));
    assertThat(rows()).isEqualTo(1);
  }

  @Test
  void mayBeMadeAgainAfterARefusalThatLeftNothing() {
    stage.broker.refusal = "RAR_NO_MATCH";
    assertThat(refund(REFUND).isError()).isTrue();
    stage.broker.refusal = "";

    assertThat(refund(REFUND).isError()).isFalse();
    assertThat(rows()).isEqualTo(1);
  }

  @Test
  void tellsThatTheEffectOfACallWhichBrokeOffIsUnknown() {
    begunBefore("now() - interval '7 minutes'");

    Stage.Answer answer = refund(REFUND);

    assertThat(answer.structured().path("code").asString("")).isEqualTo("unknown");
    assertThat(answer.result().toString()).contains("look before you repeat it", "lost-jti");
    assertThat(rows()).isZero();
    assertThat(stage.only(LedgerEvent.CALL_REFUSED).data().toString()).contains("unknown");
  }

  @Test
  void tellsThatTheSameCallIsUnderWay() {
    begunBefore("now() - interval '10 seconds'");

    assertThat(refund(REFUND).structured().path("code").asString("")).isEqualTo("in_progress");
    assertThat(rows()).isZero();
  }

  @Test
  void isANewCallWhenTheTimeForRepeatsIsOver() {
    refund(REFUND);
    stage.state("UPDATE call SET repeats_until = now() - interval '1 second'");

    assertThat(meta(refund(REFUND), "repeated").isMissingNode()).isTrue();
    assertThat(rows()).isEqualTo(2);
  }

  /// What a replica leaves behind that began this call and was killed.
  private static void begunBefore(String when) {
    refund(REFUND);
    stage.state(
        "UPDATE call SET jti = 'lost-jti', started_at = "
            + when
            + ", finished_at = NULL, outcome = NULL");
    stage.execute("TRUNCATE refunds");
    stage.ledger.clear();
  }
}
