package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.StrictJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Sessions of the older revisions, and what they are for: leading a person to an approval in the
/// middle of a call.
class SessionsTest {
  private static final String VERSION = "2025-11-25";
  private static final String REFUND = "{\"case_id\":\"R-1\",\"amount_cents\":8000}";
  private static final String PAGE = "{\"elicitation\": {\"url\": {}}}";
  private static final String FORM = "{\"elicitation\": {}}";
  private static final Stage STAGE = new Stage();

  @BeforeEach
  void reset() {
    STAGE.reset();
    STAGE.state("DELETE FROM mcp_session");
    STAGE.sts.decision = STAGE.sts::stepUp;
  }

  @AfterAll
  static void close() {
    STAGE.close();
  }

  private static Stage.Answer initialize(String version, String capabilities) {
    ObjectNode params = StrictJson.object().put("protocolVersion", version);
    params.set("capabilities", StrictJson.parseObject(capabilities));
    params.putObject("clientInfo").put("name", "old").put("version", "1");
    return STAGE.legacy(version, "initialize", params).without("MCP-Protocol-Version").send();
  }

  private static String open(String capabilities) {
    String id = initialize(VERSION, capabilities).header("Mcp-Session-Id");
    assertThat(id).isNotEmpty();
    return id;
  }

  private static Stage.Request in(String session, String method, ObjectNode params) {
    return STAGE.legacy(VERSION, method, params).header("Mcp-Session-Id", session);
  }

  private static Stage.Request ping(String session) {
    return in(session, "ping", StrictJson.object());
  }

  private static String bearer(Consumer<ObjectNode> change) {
    return "Bearer " + STAGE.bearer(change);
  }

  /// A call whose stream is read line by line.
  private static final class Held implements AutoCloseable {
    private final Socket socket;
    private final List<ObjectNode> messages = new CopyOnWriteArrayList<>();

    Held(Stage.Request request) throws IOException {
      socket = request.sendAndWait();
      Thread.ofVirtual().start(this::read);
    }

    private void read() {
      try {
        var input =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
          if (line.startsWith("data: ")) {
            messages.add(StrictJson.parseObject(line.substring(6)));
          }
        }
      } catch (IOException closed) {
        return;
      }
    }

    private boolean has(String member, String text) {
      return messages.stream().anyMatch(m -> m.path(member).asString("").equals(text));
    }

    ObjectNode question() {
      Stage.await("the question", () -> has("method", "elicitation/create"));
      return messages.getFirst();
    }

    ObjectNode answer() {
      Stage.await(
          "the answer",
          () ->
              !messages.isEmpty()
                  && messages.getLast().has("id")
                  && !messages.getLast().has("method"));
      return messages.getLast();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  private static Held refund(String session) throws IOException {
    return new Held(in(session, "tools/call", Stage.call("process_refund", REFUND)));
  }

  private static Stage.Request reply(String session, ObjectNode question, String result) {
    ObjectNode body = StrictJson.object().put("jsonrpc", "2.0");
    body.set("id", question.path("id"));
    body.set("result", StrictJson.parseObject(result));
    return in(session, "", StrictJson.object()).body(StrictJson.write(body));
  }

  private static boolean isError(ObjectNode answer) {
    return answer.path("result").path("isError").asBoolean(true);
  }

  @Test
  void opensASessionOnlyWhereAnApprovalNeedsIt() {
    assertThat(initialize(VERSION, "{}").header("Mcp-Session-Id")).isEmpty();
    assertThat(initialize(VERSION, "{\"sampling\": {}}").header("Mcp-Session-Id")).isEmpty();
    assertThat(initialize(VERSION, PAGE).header("Mcp-Session-Id")).isNotEmpty();
    assertThat(initialize("2025-06-18", FORM).header("Mcp-Session-Id")).isNotEmpty();
    assertThat(initialize("2025-06-18", PAGE).header("Mcp-Session-Id")).isEmpty();
  }

  @Test
  void I07_refusesASessionOfAnotherPersonOrClient() {
    String session = open(PAGE);

    assertThat(ping(session).send().status()).isEqualTo(200);
    for (String foreign :
        List.of(
            bearer(claims -> claims.put("oid", "oid-tomas")),
            bearer(claims -> claims.put("azp", "another-client")))) {
      assertThat(ping(session).with("Authorization", foreign).send().status()).isEqualTo(404);
      assertThat(ping(session).with("Authorization", foreign).method("DELETE").send().status())
          .isEqualTo(404);
      assertThat(ping(session).with("Authorization", foreign).method("GET").send().status())
          .isEqualTo(404);
    }
    assertThat(ping(session.substring(1)).send().status()).isEqualTo(404);
    assertThat(ping(session).without("Authorization").send().status()).isEqualTo(401);
    assertThat(ping(session).send().status()).isEqualTo(200);
  }

  @Test
  void keepsASessionOverANewTokenAndEndsItWhenTheClientSaysSo() {
    String session = open(PAGE);

    assertThat(ping(session).with("Authorization", bearer(_ -> {})).send().status()).isEqualTo(200);
    assertThat(ping(session).method("DELETE").send().status()).isEqualTo(204);
    assertThat(ping(session).send().status()).isEqualTo(404);
  }

  @ParameterizedTest
  @ValueSource(strings = {"used_at = now() - interval '61 minutes'", "ends_at = now()"})
  void endsASessionThatIsIdleOrOld(String change) {
    String session = open(PAGE);
    STAGE.state("UPDATE mcp_session SET " + change);

    assertThat(ping(session).send().status()).isEqualTo(404);
  }

  @Test
  void keepsNoMoreThanSixtyFourOfOnePersonAndNoIdThatOpensAnything() {
    String first = open(PAGE);
    for (int i = 0; i < 64; i++) {
      open(PAGE);
    }

    assertThat(ping(first).send().status()).isEqualTo(404);
    assertThat(
            STAGE.state.<Long>query(connection -> {
              try (var statement = connection.createStatement();
                  var row =
                      statement.executeQuery(
                          "SELECT count(*) FROM mcp_session WHERE id_digest = '" + first + "'")) {
                row.next();
                return row.getLong(1);
              }
            }))
        .isZero();
  }

  @Test
  void asksThePersonOnTheCallsOwnStreamAndRunsOnceTheyApproved() throws IOException {
    String session = open(PAGE);
    try (Held call = refund(session)) {
      JsonNode params = call.question().path("params");
      assertThat(params.path("mode").asString("")).isEqualTo("url");
      assertThat(params.path("url").asString("")).isEqualTo(STAGE.sts.uri() + "/approve/a-1");
      assertThat(STAGE.broker.minted).isEmpty();

      STAGE.sts.state = "VERIFY_SUCCESS";

      assertThat(isError(call.answer())).isFalse();
      assertThat(call.has("method", "notifications/elicitation/complete")).isTrue();
      assertThat(STAGE.broker.revoked).isEqualTo(STAGE.broker.minted).hasSize(1);
    }
  }

  @Test
  void isServedByAnotherReplicaAndAfterARestart() throws IOException {
    String session = open(PAGE);
    try (Stage.Replica replica = STAGE.replica();
        Held call =
            new Held(in(session, "tools/call", Stage.call("process_refund", REFUND)).at(replica))) {
      ObjectNode question = call.question();

      // The person's refusal reaches the replica that does not hold the call.
      assertThat(reply(session, question, "{\"action\": \"decline\"}").send().status())
          .isEqualTo(202);

      assertThat(call.answer().path("result").path("structuredContent").path("status").asString(""))
          .isEqualTo("approval_required");
      assertThat(STAGE.broker.minted).isEmpty();
    }
  }

  @Test
  void I10_believesNoAnswerOfTheClient() throws IOException {
    String session = open(FORM);
    try (Held call = refund(session)) {
      ObjectNode question = call.question();
      assertThat(question.path("params").path("requestedSchema").toString())
          .contains("decision")
          .doesNotContain("code", "http");
      reply(
              session,
              question,
              "{\"action\": \"accept\", \"content\": {\"decision\": \"continue\", \"code\": \"1\"}}")
          .send();
      assertThat(STAGE.broker.minted).isEmpty();

      STAGE.sts.state = "USER_DENIED";

      assertThat(call.answer().path("result").path("structuredContent").path("code").asString(""))
          .isEqualTo("approval_denied");
      assertThat(STAGE.broker.minted).isEmpty();
    }
  }

  @Test
  void I07_letsNobodyElseAnswerForThePerson() throws IOException {
    String session = open(PAGE);
    try (Held call = refund(session)) {
      ObjectNode question = call.question();
      Stage.Answer stolen =
          reply(session, question, "{\"action\": \"decline\"}")
              .with("Authorization", bearer(claims -> claims.put("oid", "oid-tomas")))
              .send();
      Stage.Answer without =
          reply(session, question, "{\"action\": \"decline\"}").without("Mcp-Session-Id").send();
      STAGE.sts.state = "VERIFY_SUCCESS";

      assertThat(stolen.status()).isEqualTo(404);
      assertThat(without.errorCode()).isEqualTo(-32600);
      assertThat(isError(call.answer())).isFalse();
    }
  }

  @Test
  void logsToASessionThatAskedForIt() {
    STAGE.sts.decision = STAGE.sts::permit;
    String session = open(PAGE);
    ObjectNode find = Stage.call("find_case", "{\"case_id\":\"R-1\"}");
    Stage.Answer quiet = in(session, "tools/call", find).send();
    ObjectNode level = StrictJson.object().put("level", "debug");

    assertThat(in(session, "logging/setLevel", level).send().errorCode()).isZero();
    assertThat(in(session, "tools/call", find).send().text()).contains("notifications/message");
    assertThat(quiet.text()).doesNotContain("notifications/message");
    assertThat(
            in(session, "logging/setLevel", StrictJson.object().put("level", "loud"))
                .send()
                .errorCode())
        .isEqualTo(-32602);
    assertThat(STAGE.legacy(VERSION, "logging/setLevel", level).send().errorCode())
        .isEqualTo(-32601);
  }

  @Test
  @Tag("slow")
  void showsThePageWhereThePersonIsNotDoneInTime() throws IOException {
    String session = open(PAGE);
    try (Held call = refund(session)) {
      JsonNode error = call.answer().path("error");

      assertThat(error.path("code").asInt(0)).isEqualTo(-32042);
      JsonNode page = error.path("data").path("elicitations").path(0);
      assertThat(page.path("mode").asString("")).isEqualTo("url");
      assertThat(page.path("url").asString("")).endsWith("/approve/a-1");
      assertThat(page.path("elicitationId").asString("")).isNotEmpty();
      assertThat(STAGE.broker.minted).isEmpty();
    }
    STAGE.sts.state = "VERIFY_SUCCESS";
    assertThat(in(session, "tools/call", Stage.call("process_refund", REFUND)).send().isError())
        .isFalse();
  }

  @Test
  void answersPlainlyToWhoeverHasNoSession() {
    open(PAGE);
    Stage.Answer answer =
        STAGE.legacy(VERSION, "tools/call", Stage.call("process_refund", REFUND)).send();

    assertThat(answer.structured().path("status").asString("")).isEqualTo("approval_required");
  }
}
