package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The protocol itself: envelope, eras, mirrored headers, and their exact codes.
class McpErasTest {
  private static final Stage STAGE = new Stage();
  private static final String VERSION = "io.modelcontextprotocol/protocolVersion";

  @BeforeEach
  void forget() {
    STAGE.ledger.clear();
    STAGE.sts.forms.clear();
  }

  @AfterAll
  static void close() {
    STAGE.close();
  }

  private static ObjectNode none() {
    return StrictJson.object();
  }

  private static Stage.Request raw(String body) {
    return STAGE.modern("tools/list", none()).body(body);
  }

  private void assertRefused(Stage.Answer answer, int status, int code) {
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.errorCode()).isEqualTo(code);
    assertThat(STAGE.sts.forms).isEmpty();
    assertThat(STAGE.only(LedgerEvent.CALL_REFUSED).data().path("reason").asString(""))
        .isNotEmpty();
    STAGE.ledger.clear();
  }

  @Test
  void discoversInTheModernEra() {
    Stage.Answer answer = STAGE.modern("server/discover", none()).send();

    assertThat(answer.status()).isEqualTo(200);
    ObjectNode result = answer.result();
    assertThat(result.path("supportedVersions"))
        .extracting(JsonNode::stringValue)
        .containsExactly("2026-07-28", "2025-11-25", "2025-06-18");
    assertThat(result.path("resultType").asString("")).isEqualTo("complete");
    assertThat(result.path("ttlMs").asInt(-1)).isZero();
    assertThat(result.path("cacheScope").asString("")).isEqualTo("private");
    assertThat(
            result
                .path("_meta")
                .path("io.modelcontextprotocol/serverInfo")
                .path("name")
                .asString(""))
        .isEqualTo("countersign");
    assertThat(answer.json().path("id").asInt(0)).isEqualTo(7);
  }

  @Test
  void listsTheSameToolsInEachEra() {
    ObjectNode modern = STAGE.modern("tools/list", none()).send().result();

    assertThat(modern.path("ttlMs").asInt(-1)).isZero();
    assertThat(modern.path("tools").path(2).path("name").asString("")).isEqualTo("process_refund");
    assertThat(modern.path("tools").path(2).path("inputSchema").path("additionalProperties"))
        .isEqualTo(StrictJson.parse("false"));
    for (String version : List.of("2025-11-25", "2025-06-18")) {
      ObjectNode legacy = STAGE.legacy(version, "tools/list", none()).send().result();

      assertThat(legacy.path("tools")).isEqualTo(modern.path("tools"));
      assertThat(legacy.has("resultType")).isFalse();
    }
  }

  @Test
  void opensTheOlderErasWithoutASession() {
    for (String version : List.of("2025-11-25", "2025-06-18")) {
      ObjectNode params = none().put("protocolVersion", version);
      params.putObject("capabilities");
      params.putObject("clientInfo").put("name", "old").put("version", "1");
      Stage.Answer answer =
          STAGE.legacy(version, "initialize", params).without("MCP-Protocol-Version").send();

      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.result().path("protocolVersion").asString("")).isEqualTo(version);
      assertThat(answer.header("Mcp-Session-Id")).isEmpty();
      assertThat(
              STAGE
                  .legacy(version, "", none())
                  .body("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}")
                  .send()
                  .status())
          .isEqualTo(202);
      assertThat(STAGE.legacy(version, "ping", none()).send().result().isEmpty()).isTrue();
    }
  }

  @Test
  void negotiatesTheNewestOlderRevision() {
    for (String asked : List.of("2026-07-28", "2024-11-05", "latest")) {
      ObjectNode params = none().put("protocolVersion", asked);
      Stage.Answer answer =
          STAGE.legacy("2025-11-25", "initialize", params).without("MCP-Protocol-Version").send();

      assertThat(answer.result().path("protocolVersion").asString("")).isEqualTo("2025-11-25");
    }
  }

  @Test
  void callsAToolInEachEra() {
    ObjectNode call = Stage.call("find_case", "{\"case_id\":\"R-1\"}");
    for (String version : List.of("2025-11-25", "2025-06-18")) {
      Stage.Answer answer = STAGE.legacy(version, "tools/call", call.deepCopy()).send();

      assertThat(answer.structured().path("customer").asString("")).isEqualTo("Ines");
      assertThat(answer.result().has("resultType")).isFalse();
    }
    Stage.Answer modern = STAGE.modern("tools/call", call.deepCopy()).send();
    assertThat(modern.structured().path("customer").asString("")).isEqualTo("Ines");
    assertThat(modern.result().path("resultType").asString("")).isEqualTo("complete");
  }

  @Test
  void refusesWhatIsNotStrictJson() {
    for (String body :
        List.of(
            "",
            "{",
            "{}{}",
            "{\"jsonrpc\":\"2.0\",\"jsonrpc\":\"2.0\"}",
            "{\"a\":NaN}",
            "{\"a\":\"\\ud800\"}")) {
      assertRefused(raw(body).send(), 400, -32700);
    }
  }

  @Test
  void I04_refusesAnArgumentThatOccursTwice() {
    ObjectNode call = Stage.call("process_refund", "{\"case_id\":\"R-1\",\"amount_cents\":1}");
    String body = Stage.message("tools/call", call);
    String smuggled = body.replace("\"amount_cents\":1", "\"amount_cents\":1,\"amount_cents\":9");

    assertRefused(STAGE.modern("tools/call", call).body(smuggled).send(), 400, -32700);
  }

  @Test
  void I06_refusesBatchesResponsesAndOddEnvelopes() {
    String meta =
        "\"params\":{\"_meta\":{\""
            + VERSION
            + "\":\"2026-07-28\",\"io.modelcontextprotocol/"
            + "clientCapabilities\":{}}}";
    for (String body :
        List.of(
            "[]",
            "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}]",
            "\"tools/list\"",
            "{\"id\":1,\"method\":\"tools/list\"," + meta + "}",
            "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"tools/list\"," + meta + "}",
            "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"tools/list\"," + meta + "}",
            "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"tools/list\"," + meta + "}",
            "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"tools/list\"," + meta + "}",
            "{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"tools/list\"," + meta + "}",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7," + meta + "}",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":[]}",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
            "{\"jsonrpc\":\"2.0\",\"method\":\"tools/list\"," + meta + "}",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"notifications/initialized\"}")) {
      Stage.Answer answer = raw(body).send();

      assertThat(answer.status()).as(body).isEqualTo(400);
      assertThat(answer.errorCode()).as(body).isEqualTo(-32600);
    }
    assertThat(STAGE.entries(LedgerEvent.CALL_REFUSED)).hasSize(14);
  }

  @Test
  void I06_doesNotRunACallThatNobodyWaitsFor() {
    ObjectNode call = Stage.call("process_refund", "{\"case_id\":\"R-1\",\"amount_cents\":1}");
    String body = Stage.message("tools/call", call).replace("\"id\":7,", "");

    assertRefused(STAGE.legacy("2025-11-25", "", none()).body(body).send(), 400, -32600);
    assertThat(STAGE.broker.minted).hasSize(STAGE.broker.revoked.size());
  }

  @Test
  void demandsTheModernEnvelope() {
    ObjectNode noCapabilities = none();
    noCapabilities.withObject("/_meta").put(VERSION, "2026-07-28");
    String body = Stage.message("tools/list", noCapabilities);
    assertRefused(raw(body).send(), 400, -32602);

    // The header alone makes it modern.
    assertRefused(raw(Stage.message("tools/list", none())).send(), 400, -32602);
  }

  @Test
  void I08_refusesHeadersThatSayAnotherThanTheBody() {
    ObjectNode call = Stage.call("process_refund", "{\"case_id\":\"R-1\",\"amount_cents\":1}");
    for (var spoilt :
        List.of(
            STAGE.modern("tools/call", call.deepCopy()).without("MCP-Protocol-Version"),
            STAGE.modern("tools/call", call.deepCopy()).with("MCP-Protocol-Version", "2025-11-25"),
            STAGE.modern("tools/call", call.deepCopy()).without("Mcp-Method"),
            STAGE.modern("tools/call", call.deepCopy()).with("Mcp-Method", "tools/list"),
            STAGE.modern("tools/call", call.deepCopy()).with("Mcp-Method", "TOOLS/CALL"),
            STAGE.modern("tools/call", call.deepCopy()).header("Mcp-Method", "tools/call"),
            STAGE.modern("tools/call", call.deepCopy()).without("Mcp-Name"),
            STAGE.modern("tools/call", call.deepCopy()).with("Mcp-Name", "find_case"),
            STAGE.modern("tools/call", call.deepCopy()).header("Mcp-Name", "find_case"),
            STAGE.modern("tools/call", call.deepCopy()).with("Mcp-Name", "=?base64?!!!?="),
            STAGE.modern("tools/list", none()).header("Mcp-Name", "find_case"))) {
      assertRefused(spoilt.send(), 400, -32020);
    }
  }

  @Test
  void I08_checksTheHeadersOfOlderClientsToo() {
    ObjectNode call = Stage.call("process_refund", "{\"case_id\":\"R-1\",\"amount_cents\":1}");
    for (var spoilt :
        List.of(
            STAGE.legacy("2025-11-25", "tools/call", call.deepCopy()).header("Mcp-Method", "ping"),
            STAGE
                .legacy("2025-06-18", "tools/call", call.deepCopy())
                .header("Mcp-Name", "find_case"))) {
      assertRefused(spoilt.send(), 400, -32020);
    }
  }

  @Test
  void readsANameThatTravelsAsBase64() {
    String name = Base64.getEncoder().encodeToString("list_cases".getBytes(StandardCharsets.UTF_8));
    Stage.Answer answer =
        STAGE
            .modern("tools/call", Stage.call("list_cases", "{}"))
            .with("Mcp-Name", "=?base64?" + name + "?=")
            .with("mcp-method", "  tools/call  ")
            .send();

    assertThat(answer.isError()).isFalse();
  }

  @Test
  void refusesVersionsThatAreNotServed() {
    for (String version : List.of("2027-01-01", "2025-11-25", "newest")) {
      ObjectNode params = none();
      params.withObject("/_meta").put(VERSION, version);
      params.withObject("/_meta").putObject("io.modelcontextprotocol/clientCapabilities");
      Stage.Answer answer =
          raw(Stage.message("tools/list", params)).with("MCP-Protocol-Version", version).send();

      JsonNode data = answer.json().path("error").path("data");
      assertThat(data.path("supported").path(0).asString("")).isEqualTo("2026-07-28");
      assertThat(data.path("requested").asString("")).isEqualTo(version);
      assertRefused(answer, 400, -32022);
    }
    assertRefused(STAGE.legacy("2024-11-05", "tools/list", none()).send(), 400, -32600);
    // A header of a future revision asks for the modern form, which this body does not have.
    assertRefused(STAGE.legacy("2099-01-01", "tools/list", none()).send(), 400, -32602);
  }

  @Test
  void I05_refusesMethodsThatDoNotExist() {
    for (String method :
        List.of(
            "initialize", "ping", "logging/setLevel", "resources/subscribe", "tools/call/x", "x")) {
      assertRefused(STAGE.modern(method, none()).send(), 404, -32601);
    }
    for (String method : List.of("server/discover", "resources/subscribe", "tasks/get")) {
      assertRefused(STAGE.legacy("2025-11-25", method, none()).send(), 200, -32601);
    }
  }

  @Test
  void I05_refusesToolsThatDoNotExist() {
    for (String name : List.of("drop_tables", "FIND_CASE", "find_case ", "")) {
      Stage.Answer answer = STAGE.modern("tools/call", Stage.call(name, "{}")).send();
      // A header cannot carry the odd ones as they are, which is a mismatch before it is a name.
      assertThat(answer.errorCode()).isIn(-32602, -32020);
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.text()).doesNotContain("drop_tables");
    }
    STAGE.ledger.clear();
    assertRefused(
        STAGE.legacy("2025-11-25", "tools/call", Stage.call("drop_tables", "{}")).send(),
        200,
        -32602);
  }

  @Test
  void refusesParametersOfTheWrongKind() {
    ObjectNode call = none().put("name", "find_case");
    call.putArray("arguments");
    assertRefused(STAGE.modern("tools/call", call).send(), 400, -32602);
    assertRefused(STAGE.modern("tools/list", none().put("cursor", "2")).send(), 400, -32602);
  }

  @Test
  void I07_knowsNoSessionThatItDidNotOpen() {
    Stage.Answer older =
        STAGE
            .legacy("2025-11-25", "tools/list", none())
            .header("Mcp-Session-Id", "somebody-elses")
            .send();
    Stage.Answer newest =
        STAGE.modern("tools/list", none()).header("Mcp-Session-Id", "somebody-elses").send();

    assertThat(older.status()).isEqualTo(404);
    assertThat(newest.status()).isEqualTo(200);
    assertThat(newest.header("Mcp-Session-Id")).isEmpty();
  }

  @Test
  void decidesAlikeInEachEra() {
    STAGE.sts.decision = _ -> STAGE.sts.error(400, "access_denied", "no");
    ObjectNode call = Stage.call("find_case", "{\"case_id\":\"R-1\"}");
    try {
      for (String version : List.of("2025-11-25", "2025-06-18", "2025-03-26")) {
        Stage.Answer answer = STAGE.legacy(version, "tools/call", call.deepCopy()).send();

        assertThat(answer.structured().path("status").asString("")).isEqualTo("denied");
      }
    } finally {
      STAGE.sts.decision = STAGE.sts::permit;
    }
  }
}
