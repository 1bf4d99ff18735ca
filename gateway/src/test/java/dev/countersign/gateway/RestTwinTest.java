package dev.countersign.gateway;

import static dev.countersign.ledger.LedgerEvent.CALL_REFUSED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.StrictJson;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// The REST twin: the envelopes, and that nothing is easier there than at `/mcp`.
class RestTwinTest {
  private static final Stage STAGE = new Stage();
  private static final String READ = "{\"name\":\"find_case\",\"arguments\":{\"case_id\":\"R-1\"}}";
  private static final String REFUND =
      "{\"toolName\":\"process_refund\",\"args\":{\"case_id\":\"R-1\",\"amount_cents\":8000}}";

  @BeforeEach
  void reset() {
    STAGE.reset();
  }

  @AfterAll
  static void close() {
    STAGE.close();
  }

  private static Stage.Request post(String path, String body) {
    return STAGE
        .request()
        .path(path)
        .header("Authorization", "Bearer " + STAGE.bearer())
        .body(body);
  }

  private static Stage.Answer tool(String body) {
    return post("/tool", body).send();
  }

  private static Stage.Answer get(String path) {
    return STAGE
        .request()
        .method("GET")
        .path(path)
        .without("Content-Type")
        .header("Authorization", "Bearer " + STAGE.bearer())
        .send();
  }

  private static ObjectNode pendingRefund() {
    STAGE.sts.decision = STAGE.sts::stepUp;
    Stage.Answer answer = tool(REFUND);
    assertThat(answer.status()).isEqualTo(202);
    return answer.json();
  }

  private static Stage.Answer complete(ObjectNode pending, String otp) {
    ObjectNode body = StrictJson.object();
    body.put("txId", pending.path("txId").asString(""));
    body.put("requestState", pending.path("requestState").asString(""));
    if (!otp.isEmpty()) {
      body.put("otp", otp);
    }
    return post("/hitl/complete", StrictJson.write(body)).send();
  }

  @Test
  void answersWithTheDataAndWhatJoinsItToTheOtherBoxes() {
    Stage.Answer answer = tool(READ);

    assertThat(answer.status()).isEqualTo(200);
    ObjectNode body = answer.json();
    assertThat(body.path("ok").booleanValue()).isTrue();
    assertThat(body.at("/data/customer").stringValue()).isEqualTo("Ines");
    assertThat(body.at("/_diagnostic/oboJti").stringValue()).isEqualTo(STAGE.sts.jti);
    assertThat(body.at("/_diagnostic/cred/leaseId").stringValue()).isNotEmpty();
    assertThat(body.at("/_diagnostic/credRevoked").booleanValue()).isTrue();
    assertThat(STAGE.sts.issued).hasSize(1);
    assertThat(answer.text()).doesNotContain(STAGE.sts.issued.getFirst());
  }

  @Test
  void takesTheOlderNamesOfItsMembersAndRunsAWriteOnce() {
    assertThat(tool(REFUND).status()).isEqualTo(200);
    Stage.Answer again = tool(REFUND);

    assertThat(again.status()).isEqualTo(200);
    assertThat(again.json().path("repeated").booleanValue()).isTrue();
    assertThat(STAGE.count("SELECT count(*) FROM refunds")).isEqualTo(1);
    assertThat(STAGE.sts.forms).as("each was authorized").hasSize(2);
  }

  @Test
  void tellsWhatTheTokenServiceDenied() {
    STAGE.sts.decision = _ -> STAGE.sts.error(403, "access_denied", "over the limit");

    Stage.Answer answer = tool(REFUND);

    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.json().path("denied").booleanValue()).isTrue();
    assertThat(answer.json().path("error").stringValue()).isEqualTo("access_denied");
    assertThat(STAGE.broker.minted).isEmpty();
    assertThat(STAGE.only(CALL_REFUSED).data().path("box").stringValue()).isEqualTo("sts");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {}                                                            | 400 | missing_name
          {"name":""}                                                   | 400 | missing_name
          {"name":7}                                                    | 400 | missing_name
          {"name":"find_case","toolName":"list_cases"}                  | 400 | invalid_request
          {"name":"find_case","arguments":[]}                           | 400 | invalid_request
          {"name":"find_case","tier":1}                                 | 400 | invalid_request
          {"name":"find_case","name":"list_cases"}                      | 400 | invalid_request
          {"name":"find_case"}                                          | 400 | invalid_arguments
          {"name":"find_case","arguments":{"case_id":"R-1","x":1}}      | 400 | invalid_arguments
          [1]                                                           | 400 | invalid_request
          nonsense                                                      | 400 | invalid_request
          """)
  void refusesWhatIsMalformed(String body, int status, String error) {
    Stage.Answer answer = tool(body);

    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.json().path("error").stringValue()).isEqualTo(error);
    assertThat(STAGE.sts.forms).isEmpty();
  }

  @Test
  void deniesAToolThatIsNotThere() {
    Stage.Answer answer = tool("{\"name\":\"drop_everything\"}");

    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.json().path("reason").stringValue()).isEqualTo("unknown_tool");
    assertThat(STAGE.only(CALL_REFUSED).subject()).isEqualTo(Stage.MAYA);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/tool", "/hitl/complete"})
  void asksForABearerBeforeAnythingElse(String path) {
    Stage.Answer missing = STAGE.request().path(path).body("nonsense").send();
    assertThat(missing.status()).isEqualTo(401);
    assertThat(missing.json().path("error").stringValue()).isEqualTo("missing_bearer");
    assertThat(missing.header("WWW-Authenticate")).contains("resource_metadata=");

    Stage.Answer foreign =
        post(path, READ)
            .with("Authorization", "Bearer " + STAGE.bearer(claims -> claims.put("aud", "other")))
            .send();
    assertThat(foreign.status()).isEqualTo(401);
    assertThat(foreign.json().path("error").stringValue()).isEqualTo("inactive_session");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/tool", "/hitl/complete"})
  void refusesAForeignOrigin(String path) {
    Stage.Answer answer = post(path, READ).header("Origin", "https://evil.example").send();

    assertThat(answer.status()).isEqualTo(403);
    assertThat(STAGE.sts.forms).isEmpty();
  }

  @Test
  void waitsForThePersonAndThenRuns() {
    ObjectNode pending = pendingRefund();
    assertThat(pending.at("/pushInfo/url").stringValue()).endsWith("/approve/a-1");
    STAGE.sts.state = "VERIFY_SUCCESS";

    Stage.Answer done = complete(pending, "");

    assertThat(done.status()).isEqualTo(200);
    assertThat(STAGE.count("SELECT amount FROM refunds")).isEqualTo(8000);
  }

  @Test
  void takesACodeOnlyWhereTheGatewayIsRegisteredToPassOneOn() {
    ObjectNode pending = pendingRefund();

    Stage.Answer refused = complete(pending, StsStandIn.CODE);

    assertThat(refused.status()).isEqualTo(403);
    assertThat(refused.json().path("error").stringValue()).isEqualTo("otp_not_accepted");
    assertThat(STAGE.count("SELECT count(*) FROM refunds")).isZero();

    STAGE.sts.passesCodes = true;
    assertThat(complete(pending, StsStandIn.CODE).status()).isEqualTo(200);
    assertThat(STAGE.count("SELECT count(*) FROM refunds")).isEqualTo(1);
  }

  @Test
  void letsAWrongCodeBeTriedAgainWithANewState() {
    STAGE.sts.passesCodes = true;
    ObjectNode pending = pendingRefund();

    Stage.Answer wrong = complete(pending, "000000");

    assertThat(wrong.status()).isEqualTo(400);
    assertThat(wrong.json().path("error").stringValue()).isEqualTo("otp_invalid");
    assertThat(wrong.json().path("attemptsRemaining").intValue()).isEqualTo(3);
    assertThat(wrong.json().path("txId")).isEqualTo(pending.path("txId"));
    assertThat(wrong.json().path("requestState")).isNotEqualTo(pending.path("requestState"));
    assertThat(STAGE.count("SELECT count(*) FROM refunds")).isZero();
    assertThat(complete(wrong.json(), StsStandIn.CODE).status()).isEqualTo(200);
  }

  @Test
  void opensAParkedCallForNobodyElseAndForNoOtherApproval() {
    ObjectNode pending = pendingRefund();
    STAGE.sts.state = "VERIFY_SUCCESS";
    String sound =
        StrictJson.write(
            StrictJson.object()
                .put("txId", pending.path("txId").asString(""))
                .put("requestState", pending.path("requestState").asString("")));

    Stage.Answer other =
        post("/hitl/complete", sound)
            .with(
                "Authorization", "Bearer " + STAGE.bearer(claims -> claims.put("oid", "oid-priya")))
            .send();
    assertThat(other.status()).isEqualTo(403);
    assertThat(other.json().path("error").stringValue()).isEqualTo("forbidden");

    Stage.Answer swapped = complete(pending.deepCopy().put("txId", "a-2"), "");
    assertThat(swapped.status()).isEqualTo(403);
    assertThat(swapped.json().path("error").stringValue()).isEqualTo("invalid_request_state");

    String state = pending.path("requestState").asString("");
    String spoilt = (state.startsWith("A") ? "B" : "A") + state.substring(1);
    for (String forged : new String[] {spoilt, "AAAA", "no base64", state.substring(0, 40)}) {
      Stage.Answer refused = complete(pending.deepCopy().put("requestState", forged), "");
      assertThat(refused.status()).as(forged).isEqualTo(403);
      assertThat(refused.json().path("error").stringValue()).isEqualTo("invalid_request_state");
    }
    assertThat(STAGE.count("SELECT count(*) FROM refunds")).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "USER_DENIED, 403, approval_denied",
    "USER_FRAUDULENT, 401, suspicious",
    "EXPIRED, 400, otp_expired"
  })
  void tellsHowThePersonAnswered(String state, int status, String word) {
    ObjectNode pending = pendingRefund();
    STAGE.sts.state = state;

    Stage.Answer answer = complete(pending, "");

    assertThat(answer.status()).isEqualTo(status);
    String told = answer.json().path(status == 400 ? "error" : "reason").asString("");
    assertThat(told).isEqualTo(word);
    assertThat(STAGE.count("SELECT count(*) FROM refunds")).isZero();
  }

  @Test
  void saysWhetherThePersonIsStillIn() {
    Stage.Answer in = get("/me/session-status");
    assertThat(in.status()).isEqualTo(200);
    assertThat(in.json().path("active").booleanValue()).isTrue();
    assertThat(in.json().path("sub").stringValue()).isEqualTo(Stage.MAYA);
    assertThat(in.json().path("email").stringValue()).isEqualTo("maya@example.com");

    STAGE.sts.killed = true;

    Stage.Answer out = get("/me/session-status");
    assertThat(out.status()).isEqualTo(401);
    assertThat(out.json().path("active").booleanValue()).isFalse();
    assertThat(out.json().path("reason").stringValue()).isEqualTo("session_killed");
    Stage.Answer call = tool(READ);
    assertThat(call.status()).isEqualTo(401);
    assertThat(call.json().path("error").stringValue()).isEqualTo("inactive_session");
    assertThat(STAGE.broker.minted).isEmpty();
  }

  @Test
  void tellsThePersonTheirOwnCallsAndNobodyElses() {
    tool(READ);
    tool("{\"name\":\"drop_everything\"}");
    tool("{\"name\":\"find_case\"}");

    Stage.Answer answer = get("/me/audit?limit=2");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().path("records")).hasSize(2);
    assertThat(answer.json().at("/records/0/decision").stringValue()).isEqualTo("refused");
    ObjectNode all = get("/me/audit").json();
    assertThat(all.at("/records/2/decision").stringValue()).isEqualTo("ran");
    assertThat(all.at("/records/2/tool").stringValue()).isEqualTo("find_case");
    assertThat(all.at("/records/2/oboJti").stringValue()).isEqualTo(STAGE.sts.jti);

    Stage.Answer other =
        STAGE
            .request()
            .method("GET")
            .path("/me/audit")
            .without("Content-Type")
            .header(
                "Authorization", "Bearer " + STAGE.bearer(claims -> claims.put("oid", "oid-priya")))
            .send();
    assertThat(other.status()).isEqualTo(200);
    assertThat(other.json().path("records")).isEmpty();

    STAGE.sts.killed = true;
    assertThat(get("/me/audit").status()).isEqualTo(401);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "201", "-1", "x", "1&limit=2"})
  void refusesALimitThatIsNone(String limit) {
    assertThat(get("/me/audit?limit=" + limit).status()).isEqualTo(400);
  }

  @Test
  void carriesNoCredentialInAnyAnswer() {
    ObjectNode pending = pendingRefund();

    for (String token : STAGE.sts.issued) {
      assertThat(StrictJson.write(pending)).doesNotContain(token);
    }
  }
}
