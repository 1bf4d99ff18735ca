package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// Every way a call can end, with the end of its lease.
class GuardedCallTest {
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

  private Stage.Answer refund() {
    return stage.tool("process_refund", REFUND);
  }

  private void assertEveryLeaseEnded(int count) {
    assertThat(stage.broker.minted).hasSize(count);
    assertThat(stage.broker.revoked).containsExactlyInAnyOrderElementsOf(stage.broker.minted);
    for (String login : stage.broker.names) {
      assertThat(count("SELECT count(*) FROM pg_roles WHERE rolname = '" + login + "'")).isZero();
    }
  }

  private long count(String sql) {
    return stage.count(sql);
  }

  private void assertNothingLeaks(Stage.Answer answer) {
    String seen = answer.text() + answer.raw().headers().map() + stage.ledger;
    assertThat(seen).doesNotContain("eyJ").doesNotContainPattern("at dev\\.countersign\\.|SELECT ");
    stage.broker.passwords.forEach(password -> assertThat(seen).doesNotContain(password));
  }

  @Test
  void runsAPermittedCallAndEndsItsLogin() {
    Stage.Answer answer = refund();

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.isError()).isFalse();
    assertThat(answer.structured())
        .isEqualTo(StrictJson.parse("{\"case_id\":\"R-1\",\"amount\":8000,\"currency\":\"USD\"}"));
    assertThat(count("SELECT sum(amount) FROM refunds")).isEqualTo(8000);
    assertEveryLeaseEnded(1);
    ObjectNode meta = (ObjectNode) answer.result().path("_meta");
    assertThat(meta.path("dev.countersign/jti").asString("")).isEqualTo(stage.sts.jti);
    assertThat(meta.path("dev.countersign/lease").asString(""))
        .isEqualTo(stage.broker.minted.getFirst());
    assertThat(meta.path("dev.countersign/revoked").asBoolean(false)).isTrue();
    assertNothingLeaks(answer);
  }

  @Test
  void writesStatementAndEndOfTheCallIntoTheLedger() {
    refund();

    var statement = stage.only(LedgerEvent.STATEMENT_RUN);
    assertThat(statement.jti()).isEqualTo(stage.sts.jti);
    assertThat(statement.subject()).isEqualTo(Stage.MAYA);
    assertThat(statement.data().path("outcome").asString("")).isEqualTo("ran");
    assertThat(statement.data().path("rows").asInt(-1)).isEqualTo(1);
    assertThat(statement.data().path("login").asString("")).startsWith("v_");
    var finished = stage.only(LedgerEvent.CALL_FINISHED);
    assertThat(finished.data().path("revoked").asBoolean(false)).isTrue();
    assertThat(finished.data().path("lease_id").asString(""))
        .isEqualTo(stage.broker.minted.getFirst());
  }

  @Test
  void asksForExactlyTheDetailsOfThisCall() {
    refund();

    Map<String, String> form = stage.sts.forms.getFirst();
    assertThat(StrictJson.parse(form.getOrDefault("authorization_details", "")))
        .isEqualTo(
            StrictJson.parse(
                """
                [{"type":"urn:smt:agent:refund","operationDetails":{"action":"process_refund",
                  "creditorAccount":{"identification":"R-1"},
                  "instructedAmount":{"amount":8000,"currency":"USD"}}}]
                """));
    assertThat(form)
        .containsEntry("grant_type", TokenTypes.TOKEN_EXCHANGE_GRANT)
        .containsEntry("subject_token_type", "urn:entra:token-type:user-jwt")
        .containsEntry("scope", "refund:write")
        .containsEntry("resource", stage.config.resource().toString())
        .containsEntry("client_assertion_type", TokenTypes.JWT_CLIENT_ASSERTION);
  }

  @Test
  void I01_handsTheBrokerItsOwnTokenAndNeverThePersonsOwn() {
    String bearer = stage.bearer();
    ObjectNode params = Stage.call("process_refund", REFUND);
    stage.modern("tools/call", params).with("Authorization", "Bearer " + bearer).send();

    assertThat(stage.broker.tokens).containsExactlyElementsOf(stage.sts.issued);
    assertThat(String.join("\n", stage.broker.headers)).doesNotContain(bearer);
  }

  @Test
  void I04_tellsTheModelWhichArgumentIsWrong() {
    for (String arguments :
        List.of(
            "{\"case_id\":\"R-1\"}",
            "{\"case_id\":\"R-1\",\"amount_cents\":\"8000\"}",
            "{\"case_id\":\"R-1\",\"amount_cents\":8000.0}",
            "{\"case_id\":\"R-1\",\"amount_cents\":8e3}",
            "{\"case_id\":\"R-1\",\"amount_cents\":0}",
            "{\"case_id\":\"R-1\",\"amount_cents\":-8000}",
            "{\"case_id\":\"R-1\",\"amount_cents\":9223372036854775808}",
            "{\"case_id\":\"R-1\",\"amount_cents\":8000,\"currency\":\"usd\"}",
            "{\"case_id\":\"R-1'; DROP TABLE cases\",\"amount_cents\":8000}",
            "{\"case_id\":\"R-1\",\"amount_cents\":8000,\"approved\":true}",
            "{\"case_id\":\"R-1\",\"amount_cents\":8000,\"__proto__\":{}}")) {
      Stage.Answer answer = stage.tool("process_refund", arguments);

      assertThat(answer.status()).as(arguments).isEqualTo(200);
      assertThat(answer.isError()).as(arguments).isTrue();
      assertThat(answer.structured().path("status").asString(""))
          .as(arguments)
          .isEqualTo("invalid_arguments");
    }
    assertThat(stage.sts.forms).isEmpty();
    assertThat(stage.entries(LedgerEvent.CALL_REFUSED)).hasSize(11);
  }

  @Test
  void I04_refusesUnknownMembersAlsoInside() {
    Stage.Answer answer =
        stage.tool("find_case", "{\"case_id\":\"R-1\",\"note\":{\"text\":\"x\",\"more\":1}}");

    assertThat(answer.structured().path("status").asString("")).isEqualTo("invalid_arguments");
    assertThat(stage.sts.forms).isEmpty();
  }

  @Test
  void stepsUpWithAPlainResultAndGoesOnOnceThePersonApproved() {
    stage.sts.decision = stage.sts::stepUp;
    Stage.Answer pending = refund();

    assertThat(pending.status()).isEqualTo(200);
    assertThat(pending.isError()).isTrue();
    ObjectNode structured = pending.structured();
    assertThat(structured.path("status").asString("")).isEqualTo("approval_required");
    assertThat(structured.path("approval_id").asString("")).isEqualTo("a-1");
    assertThat(structured.path("url").asString("")).isEqualTo(stage.sts.uri() + "/approve/a-1");
    assertThat(structured.path("expires_at").asString("")).isNotEmpty();
    assertThat(pending.result().path("content").path(0).path("text").asString(""))
        .contains("Refund 80.00 USD to R-884-2233.")
        .contains(stage.sts.uri() + "/approve/a-1")
        .contains("call this tool again with the same arguments");
    assertThat(stage.broker.minted).isEmpty();
    assertNothingLeaks(pending);

    stage.sts.state = "VERIFY_SUCCESS";
    Stage.Answer done = refund();

    assertThat(done.isError()).isFalse();
    Map<String, String> second = stage.sts.forms.getLast();
    assertThat(second)
        .containsEntry("grant_type", TokenTypes.JWT_BEARER_GRANT)
        .doesNotContainKey("subject_token")
        .containsEntry(
            "authorization_details", stage.sts.forms.getFirst().get("authorization_details"));
    assertEveryLeaseEnded(1);
    assertNothingLeaks(done);
  }

  @Test
  void tellsThatThePersonSaidNo() {
    stage.sts.decision = stage.sts::stepUp;
    for (var row :
        Map.of(
                "USER_DENIED", "approval_denied",
                "USER_FRAUDULENT", "approval_suspicious",
                "EXPIRED", "approval_expired",
                "SOMETHING_NEW", "approval_failed")
            .entrySet()) {
      stage.sts.state = row.getKey();
      Stage.Answer answer = refund();

      assertThat(answer.isError()).isTrue();
      assertThat(answer.structured().path("status").asString("")).isEqualTo("denied");
      assertThat(answer.structured().path("code").asString("")).isEqualTo(row.getValue());
    }
    assertThat(stage.broker.minted).isEmpty();
    assertThat(stage.entries(LedgerEvent.CALL_REFUSED)).hasSize(4);
  }

  @Test
  void refusesAnApprovalPageThatIsNotTheStsOwn() {
    stage.sts.decision =
        form -> {
          StsStandIn.Reply reply = stage.sts.stepUp(form);
          reply.body().put("approval_uri", "http://127.0.0.1:9/approve/a-1");
          return reply;
        };

    assertThat(refund().structured().path("status").asString("")).isEqualTo("unavailable");
  }

  @Test
  void tellsADenialWithItsReasons() {
    stage.sts.decision = _ -> stage.sts.error(400, "access_denied", "over the hard cap");
    Stage.Answer answer = refund();

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.isError()).isTrue();
    ObjectNode structured = answer.structured();
    assertThat(structured.path("status").asString("")).isEqualTo("denied");
    assertThat(structured.path("code").asString("")).isEqualTo("access_denied");
    assertThat(structured.path("jti").asString("")).isEqualTo(stage.sts.jti);
    assertThat(structured.path("reasons").path(0).asString("")).startsWith("rule-1");
    assertThat(stage.broker.tokens).isEmpty();
    var refused = stage.only(LedgerEvent.CALL_REFUSED);
    assertThat(refused.jti()).isEqualTo(stage.sts.jti);
    assertThat(refused.data().path("box").asString("")).isEqualTo("sts");
    assertThat(refused.data().path("reason").asString("")).isEqualTo("over the hard cap");
  }

  @Test
  void answers401OnceThePersonsSessionIsRevoked() {
    stage.sts.decision =
        _ -> stage.sts.error(400, "invalid_request", "the session of the subject was revoked");
    Stage.Answer answer = refund();

    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.header("WWW-Authenticate"))
        .contains("error=\"invalid_token\"")
        .contains("resource_metadata=\"" + stage.config.base());
    assertThat(answer.text()).doesNotContain("revoked");
    assertThat(stage.only(LedgerEvent.CALL_REFUSED).data().path("reason").asString(""))
        .contains("session of the subject was revoked");
  }

  @Test
  void tellsWhatToCorrectWhenTheStsRefusesTheRequest() {
    for (OAuthError error :
        List.of(
            OAuthError.INVALID_AUTHORIZATION_DETAILS,
            OAuthError.INVALID_TARGET,
            OAuthError.INVALID_SCOPE,
            OAuthError.INVALID_CLIENT,
            OAuthError.INVALID_GRANT)) {
      stage.sts.decision = _ -> stage.sts.error(error.httpStatus(), error.code(), "which one");
      Stage.Answer answer = refund();

      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.isError()).isTrue();
      assertThat(answer.structured().path("code").asString("")).isEqualTo(error.code());
    }
    assertThat(stage.broker.tokens).isEmpty();
  }

  @Test
  void tellsToTryLaterWhenABoxIsAway() {
    stage.sts.decision = _ -> stage.sts.error(503, "temporarily_unavailable", "away");
    assertThat(refund().structured().path("status").asString("")).isEqualTo("unavailable");

    stage.sts.decision = stage.sts::permit;
    stage.broker.mintStatus = 503;
    assertThat(refund().structured().path("status").asString("")).isEqualTo("unavailable");

    stage.broker.close();
    assertThat(refund().structured().path("status").asString("")).isEqualTo("unavailable");

    stage.sts.close();
    assertThat(refund().structured().path("status").asString("")).isEqualTo("unavailable");
    assertThat(stage.entries(LedgerEvent.CALL_REFUSED)).hasSize(4);
    stage.close();
    stage = new Stage();
  }

  @Test
  void tellsTheBrokersRefusalByItsCode() {
    stage.broker.refusal = "RAR_NO_MATCH: no mapping of the role takes this request";
    Stage.Answer answer = refund();

    assertThat(answer.structured().path("status").asString("")).isEqualTo("denied");
    assertThat(answer.structured().path("code").asString("")).isEqualTo("RAR_NO_MATCH");
    assertThat(stage.only(LedgerEvent.CALL_REFUSED).data().path("box").asString(""))
        .isEqualTo("broker");
  }

  @Test
  void doesNotUseATokenThatIsNotExactlyWhatWasAskedFor() {
    Map<String, Consumer<ObjectNode>> spoilers =
        Map.ofEntries(
            Map.entry("other audience", obo -> obo.put("aud", "https://elsewhere.example/mcp")),
            Map.entry("other person", obo -> obo.put("sub", "entra|oid-tomas")),
            Map.entry("other anchor", obo -> obo.put("sub", "okta|oid-maya")),
            Map.entry("other actor", obo -> obo.putObject("act").put("sub", "console")),
            Map.entry("no actor", obo -> obo.remove("act")),
            Map.entry("other id", obo -> obo.put("jti", "another")),
            Map.entry("expired", obo -> obo.put("exp", 1000)),
            Map.entry("wider", obo -> amount(obo).put("amount", 8001)),
            Map.entry(
                "second element",
                obo -> obo.withArray("/authorization_details").addObject().put("type", "x")),
            Map.entry("no details", obo -> obo.remove("authorization_details")),
            Map.entry("D19 other version", obo -> versions(obo).put("urn:smt:agent:refund", 3)),
            Map.entry("D19 no version", obo -> versions(obo).put("urn:smt:agent:refund", "2")));
    spoilers.forEach((name, spoil) -> {
      stage.sts.claims = spoil;
      Stage.Answer answer = refund();

      assertThat(answer.isError()).as(name).isTrue();
      assertThat(answer.structured().path("code").asString(""))
          .as(name)
          .isEqualTo("token_mismatch");
    });
    assertThat(stage.broker.tokens).isEmpty();
    assertThat(stage.entries(LedgerEvent.CALL_REFUSED)).hasSize(spoilers.size());
  }

  private static ObjectNode versions(ObjectNode obo) {
    return obo.putObject("authorization_details_versions");
  }

  private static ObjectNode amount(ObjectNode obo) {
    return (ObjectNode)
        obo.path("authorization_details").path(0).path("operationDetails").path("instructedAmount");
  }

  @Test
  void I16_saysOfASqlErrorOnlyThatTheValuesWereRefused() {
    Stage.Answer answer =
        stage.tool(
            "process_refund", "{\"case_id\":\"R-1\",\"amount_cents\":1,\"currency\":\"XXX\"}");

    assertThat(answer.isError()).isTrue();
    assertThat(answer.structured().path("code").asString("")).isEqualTo("refused");
    assertThat(answer.text()).doesNotContain("currency", "constraint", "relation", "check");
    assertThat(stage.only(LedgerEvent.STATEMENT_RUN).data().path("sqlstate").asString(""))
        .isEqualTo("23514");
    assertEveryLeaseEnded(1);
    assertNothingLeaks(answer);
  }

  @Test
  void tellsThatTheDatabaseForbidsIt() {
    for (String tool : List.of("export_customers", "write_in_a_read")) {
      Stage.Answer answer = stage.tool(tool, "{}");

      assertThat(answer.structured().path("status").asString("")).as(tool).isEqualTo("denied");
      assertThat(answer.structured().path("code").asString(""))
          .as(tool)
          .isEqualTo("database_forbidden");
    }
    assertThat(count("SELECT count(*) FROM cases WHERE customer = 'gone'")).isZero();
    assertEveryLeaseEnded(2);
  }

  @Test
  void I15_stopsAStatementThatTakesTooLongAndEndsItsLogin() {
    Stage.Answer answer = stage.tool("wait", "{\"seconds\":30}");

    assertThat(answer.structured().path("code").asString("")).isEqualTo("timeout");
    assertEveryLeaseEnded(1);
  }

  @Test
  void I15_limitsRowsAndBytes() {
    Stage.Answer rows = stage.tool("list_cases", "{}");
    assertThat(rows.structured().path("cases").size()).isEqualTo(2);
    assertThat(rows.structured().path("truncated").asBoolean(false)).isTrue();

    Stage.Answer bytes = stage.tool("large", "{}");
    assertThat(bytes.structured().path("code").asString("")).isEqualTo("too_large");
    assertThat(bytes.text().length()).isLessThan(2048);
    assertEveryLeaseEnded(2);
  }

  @Test
  void undoesAWriteThatTouchesMoreRowsThanItsResultMayHold() {
    Stage.Answer answer = stage.tool("close_all", "{}");

    assertThat(answer.structured().path("code").asString("")).isEqualTo("too_large");
    assertThat(count("SELECT count(*) FROM cases WHERE customer = 'gone'")).isZero();
    assertEveryLeaseEnded(1);
  }

  @Test
  void tellsThatThereIsNoRow() {
    Stage.Answer answer = stage.tool("find_case", "{\"case_id\":\"R-9\"}");

    assertThat(answer.isError()).isTrue();
    assertThat(answer.result().path("content").path(0).path("text").asString(""))
        .isEqualTo("there is no such case");
    assertEveryLeaseEnded(1);
  }

  @Test
  void I14_withholdsAResultThatHoldsTheLoginsPassword() {
    Stage.Answer answer = stage.tool("canary", "{}");

    assertThat(answer.structured().path("code").asString("")).isEqualTo("withheld");
    assertEveryLeaseEnded(1);
    assertNothingLeaks(answer);
  }

  @Test
  void endsTheLoginWhenItCannotEvenBeUsed() {
    stage.broker.wrongPassword = true;
    Stage.Answer answer = refund();

    assertThat(answer.structured().path("code").asString("")).isEqualTo("broken");
    assertEveryLeaseEnded(1);
  }

  @Test
  void H07_repeatsARevokeThatFails() {
    stage.broker.revokeFailures.set(2);
    Stage.Answer answer = refund();

    assertThat(answer.result().path("_meta").path("dev.countersign/revoked").asBoolean(false))
        .isTrue();
    assertThat(stage.broker.revokeAttempts).hasValue(3);
    assertEveryLeaseEnded(1);
  }

  @Test
  void H07_saysInTheLedgerThatALeaseIsLeftToTheSweeper() {
    stage.broker.revokeFailures.set(10);
    Stage.Answer answer = refund();

    assertThat(answer.isError()).isFalse();
    assertThat(answer.result().path("_meta").path("dev.countersign/revoked").asBoolean(true))
        .isFalse();
    var finished = stage.only(LedgerEvent.CALL_FINISHED);
    assertThat(finished.data().path("revoked").asBoolean(true)).isFalse();
    assertThat(finished.data().path("reason").asString("")).contains("sweeper");
  }

  @Test
  void K04_withholdsTheResultWhenItCannotBeRecorded() {
    stage.sts.decision =
        form -> {
          stage.ledgerAway = true;
          return stage.sts.permit(form);
        };
    Stage.Answer answer = refund();

    assertThat(answer.isError()).isTrue();
    assertThat(answer.structured().path("code").asString("")).isEqualTo("unrecorded");
    assertThat(answer.text()).doesNotContain("\"amount\"");
    assertEveryLeaseEnded(1);
  }

  @Test
  void I15_endsTheLoginOfACallerWhoWentAway() throws IOException {
    ObjectNode params = Stage.call("wait", "{\"seconds\":0.7}");
    params.withObject("/_meta").put("io.modelcontextprotocol/protocolVersion", Stage.MODERN);
    params.withObject("/_meta").putObject("io.modelcontextprotocol/clientCapabilities");
    String body = Stage.message("tools/call", params);
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), stage.config.base().getPort())) {
      String head =
          String.join(
              "\r\n",
              "POST /mcp HTTP/1.1",
              "Host: " + stage.config.base().getAuthority(),
              "Content-Type: application/json",
              "Accept: application/json, text/event-stream",
              "Authorization: Bearer " + stage.bearer(),
              "MCP-Protocol-Version: " + Stage.MODERN,
              "Mcp-Method: tools/call",
              "Mcp-Name: wait",
              "Content-Length: " + body.length(),
              "",
              body);
      socket.getOutputStream().write(head.getBytes(StandardCharsets.UTF_8));
      socket.getOutputStream().flush();
      await(() -> !stage.broker.minted.isEmpty());
    }

    await(() -> stage.broker.revoked.equals(stage.broker.minted));
    await(() -> !stage.entries(LedgerEvent.CALL_FINISHED).isEmpty());
    assertEveryLeaseEnded(1);
  }

  @Test
  void givesEachKindOfValueExactly() {
    Stage.Answer answer =
        stage.tool("kinds", "{\"flag\":true,\"price\":10.10,\"tags\":[\"a\",\"b\"]}");

    assertThat(answer.structured())
        .isEqualTo(
            StrictJson.parse(
                """
                {"big":9007199254740993,"exact":1.10,"nan":"NaN","flag":true,"price":10.10,
                 "tags":["a","b"],"absent":null,"moment":"2026-01-12T07:14Z",
                 "text":"it's :not a ? parameter","has_a":true}
                """));
  }

  private static void await(BooleanSupplier done) {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!done.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("it did not happen in ten seconds");
      }
      LockSupport.parkNanos(10_000_000);
    }
  }
}
