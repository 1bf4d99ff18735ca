package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// A call that nobody wants any more ends where it stands: statement, login, lease.
class CancellationTest {
  private static final String RUNNING =
      "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(%'"
          + " AND pid <> pg_backend_pid() AND datname = current_database()";

  private static final Stage stage = new Stage();
  private static final Stage.Replica other = stage.replica();

  @BeforeEach
  void reset() {
    stage.reset();
  }

  @AfterAll
  static void close() {
    other.close();
    stage.close();
  }

  private static ObjectNode slowRefund() {
    return Stage.call("refund_slowly", "{\"case_id\":\"R-1\"}");
  }

  private static void awaitLogin() {
    Stage.await("the login", () -> !stage.broker.minted.isEmpty());
  }

  private static void awaitStatement() {
    Stage.await("the statement", () -> stage.count(RUNNING) == 1);
  }

  private static void assertStopped(String reason) {
    Stage.await("the end", () -> !stage.entries(LedgerEvent.CALL_FINISHED).isEmpty());
    ObjectNode finished = stage.only(LedgerEvent.CALL_FINISHED).data();
    assertThat(finished.path("outcome").asString("")).isEqualTo("cancelled");
    assertThat(finished.path("cancelled_by").asString("")).isEqualTo(reason);
    assertThat(finished.path("revoked").asBoolean(false)).isTrue();
    assertThat(stage.broker.revoked).hasSize(1).isEqualTo(stage.broker.minted);
    assertThat(stage.count(RUNNING)).isZero();
    assertThat(stage.count("SELECT count(*) FROM refunds")).isZero();
  }

  private static CompletableFuture<Stage.Answer> legacyCall(String version, String bearer) {
    return legacyCall(version, bearer, 55);
  }

  private static CompletableFuture<Stage.Answer> legacyCall(
      String version, String bearer, int seconds) {
    ObjectNode params =
        Stage.call("refund_slowly", "{\"case_id\":\"R-1\",\"seconds\":" + seconds + "}");
    Stage.Request request =
        stage.legacy(version, "tools/call", params).with("Authorization", "Bearer " + bearer);
    return CompletableFuture.supplyAsync(request::send);
  }

  private static Stage.Request cancelled(String bearer, String id) {
    String body =
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":"
            + id
            + ",\"reason\":\"enough\"}}";
    return stage
        .request()
        .header("Authorization", "Bearer " + bearer)
        .header("MCP-Protocol-Version", "2025-11-25")
        .body(body);
  }

  @Test
  void I15_endsACallWhoseStreamIsClosed() throws IOException {
    try (Socket _ = stage.modern("tools/call", slowRefund()).sendAndWait()) {
      awaitStatement();
    }

    assertStopped("caller_left");
  }

  @ParameterizedTest
  @ValueSource(strings = {"2025-11-25", "2025-06-18"})
  void I15_endsACallThatAnOlderClientCancels(String version) {
    String bearer = stage.bearer();
    var call = legacyCall(version, bearer);
    awaitStatement();

    assertThat(cancelled(bearer, "7").send().status()).isEqualTo(202);

    Stage.Answer answer = call.join();
    assertStopped("caller_asked");
    assertThat(answer.structured().path("status").asString("")).isEqualTo("cancelled");
    assertThat(answer.isError()).isTrue();
  }

  @Test
  void endsACallThatAnotherReplicaMakes() {
    String bearer = stage.bearer();
    var call = legacyCall("2025-11-25", bearer);
    awaitStatement();

    assertThat(cancelled(bearer, "7").at(other).send().status()).isEqualTo(202);

    call.join();
    assertStopped("caller_asked");
  }

  @Test
  void runsACancelledWriteWhenItIsAskedAgain() {
    String bearer = stage.bearer();
    var call = legacyCall("2025-11-25", bearer);
    awaitStatement();
    cancelled(bearer, "7").send();
    call.join();

    Stage.Answer again = stage.tool("refund_slowly", "{\"case_id\":\"R-1\",\"seconds\":0}");

    assertThat(again.isError()).isFalse();
    assertThat(stage.count("SELECT count(*) FROM refunds")).isEqualTo(1);
  }

  @Test
  void I07_letsNobodyElseCancelACall() {
    String bearer = stage.bearer();
    String sams = stage.bearer(claims -> claims.put("oid", "oid-sam"));
    String otherClients = stage.bearer(claims -> claims.put("azp", "another-client"));
    var call = legacyCall("2025-11-25", bearer, 3);
    awaitLogin();

    cancelled(sams, "7").send();
    cancelled(otherClients, "7").send();
    cancelled(bearer, "\"7\"").send();
    cancelled(bearer, "8").send();
    cancelled(bearer, "null").send();

    assertThat(call.join().isError()).isFalse();
    assertThat(stage.count("SELECT count(*) FROM refunds")).isEqualTo(1);
  }

  @Test
  void doesNotEndAnOlderClientsCallWhenItsConnectionBreaks() throws IOException {
    ObjectNode params = Stage.call("refund_slowly", "{\"case_id\":\"R-1\",\"seconds\":2}");
    try (Socket _ = stage.legacy("2025-11-25", "tools/call", params).sendAndWait()) {
      awaitLogin();
    }

    Stage.await("the end", () -> !stage.entries(LedgerEvent.CALL_FINISHED).isEmpty());
    assertThat(stage.only(LedgerEvent.CALL_FINISHED).data().path("outcome").asString(""))
        .isEqualTo("ran");
  }

  @Test
  void answersACallThatTakesLongOnAStream() {
    Stage.Answer answer = stage.tool("refund_slowly", "{\"case_id\":\"R-1\",\"seconds\":2}");

    assertThat(answer.header("content-type")).isEqualTo("text/event-stream");
    String data = answer.text().lines().filter(line -> line.startsWith("data: ")).findFirst().get();
    ObjectNode message = StrictJson.parseObject(data.substring(6));
    assertThat(message.path("id").asInt(0)).isEqualTo(7);
    assertThat(message.path("result").path("structuredContent").path("case_id").asString(""))
        .isEqualTo("R-1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"2025-11-25", "2026-07-28"})
  void endsARunningCallOfAPersonWhoIsKilled(String revision) {
    Stage.Request request =
        revision.equals(Stage.MODERN)
            ? stage.modern("tools/call", slowRefund())
            : stage.legacy(revision, "tools/call", slowRefund());
    var call = CompletableFuture.supplyAsync(request::send);
    awaitStatement();

    stage.sts.killed = true;

    assertThat(call.join().text()).contains("sessions of the person you act for were ended");
    assertStopped("session_ended");
  }
}
