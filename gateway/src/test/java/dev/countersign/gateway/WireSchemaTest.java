package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Every kind of answer against the JSON Schema that the protocol publishes for its revision.
class WireSchemaTest {
  private static final String SKIPPED =
      "the protocol's schemas are not here: set -Dmcp.schema=<folder with 2026-07-28/schema.json>"
          + " or keep them in shared/data/mcp-schema beside the repository";

  @Test
  void answersFitTheSchemasOfTheirRevisions() throws IOException {
    Optional<Path> folder = schemas();
    assumeTrue(folder.isPresent(), SKIPPED);
    try (var stage = new Stage()) {
      for (String version : new String[] {"2025-06-18", "2025-11-25", Stage.MODERN}) {
        ObjectNode schema =
            StrictJson.parseObject(
                Files.readAllBytes(folder.get().resolve(version).resolve("schema.json")));
        for (Map.Entry<String, Stage.Answer> answer : answers(stage, version).entrySet()) {
          String definition = answer.getKey().split(" ", -1)[0];
          JsonNode body =
              definition.endsWith("Result")
                  ? answer.getValue().json().path("result")
                  : answer.getValue().json();
          assertThat(of(schema, definition).validate(body))
              .as("%s: %s: %s", version, answer.getKey(), answer.getValue().text())
              .isEmpty();
        }
      }
    }
  }

  private static Map<String, Stage.Answer> answers(Stage stage, String version) {
    var answers = new LinkedHashMap<String, Stage.Answer>();
    boolean modern = version.equals(Stage.MODERN);
    String error =
        modern
            ? "JSONRPCErrorResponse"
            : version.startsWith("2025-06") ? "JSONRPCError" : "JSONRPCErrorResponse";
    ObjectNode params = StrictJson.object();
    if (modern) {
      answers.put("DiscoverResult", ask(stage, version, "server/discover", params));
    } else {
      params.put("protocolVersion", version);
      answers.put("InitializeResult", ask(stage, version, "initialize", params));
    }
    answers.put("ListToolsResult", ask(stage, version, "tools/list", StrictJson.object()));
    ObjectNode find = Stage.call("find_case", "{\"case_id\":\"R-1\"}");
    answers.put("CallToolResult done", ask(stage, version, "tools/call", find.deepCopy()));
    answers.put(
        "CallToolResult bad", ask(stage, version, "tools/call", Stage.call("find_case", "{}")));
    stage.sts.decision = stage.sts::stepUp;
    answers.put("CallToolResult pending", ask(stage, version, "tools/call", find.deepCopy()));
    if (modern) {
      answers.put("InputRequiredResult", stage.eliciting(find.deepCopy()).send());
    }
    stage.sts.decision = _ -> stage.sts.error(400, "access_denied", "no");
    answers.put("CallToolResult denied", ask(stage, version, "tools/call", find.deepCopy()));
    stage.sts.decision = _ -> stage.sts.error(503, "temporarily_unavailable", "away");
    answers.put("CallToolResult away", ask(stage, version, "tools/call", find.deepCopy()));
    stage.sts.decision = stage.sts::permit;
    answers.put(
        error + " tool", ask(stage, version, "tools/call", Stage.call("no_such_tool", "{}")));
    answers.put(error + " method", ask(stage, version, "no/such", StrictJson.object()));
    if (modern) {
      answers.put(
          "HeaderMismatchError",
          stage.modern("tools/list", StrictJson.object()).without("Mcp-Method").send());
      ObjectNode future = StrictJson.object();
      Stage.Request request = stage.modern("tools/list", future);
      future.withObject("/_meta").put("io.modelcontextprotocol/protocolVersion", "2030-01-01");
      answers.put(
          "UnsupportedProtocolVersionError",
          request
              .with("MCP-Protocol-Version", "2030-01-01")
              .body(Stage.message("tools/list", future))
              .send());
      answers.put(
          "JSONRPCErrorResponse parse",
          stage.modern("tools/list", StrictJson.object()).body("{").send());
    }
    return answers;
  }

  private static Stage.Answer ask(Stage stage, String version, String method, ObjectNode params) {
    return version.equals(Stage.MODERN)
        ? stage.modern(method, params).send()
        : stage.legacy(version, method, params).send();
  }

  private static Schema of(ObjectNode schema, String definition) {
    String where = schema.has("$defs") ? "$defs" : "definitions";
    ObjectNode root = schema.deepCopy();
    assertThat(root.path(where).has(definition)).as(definition).isTrue();
    root.remove("anyOf");
    root.put("$ref", "#/" + where + "/" + definition);
    SpecificationVersion dialect =
        where.equals("$defs") ? SpecificationVersion.DRAFT_2020_12 : SpecificationVersion.DRAFT_7;
    return SchemaRegistry.withDefaultDialect(dialect).getSchema(root);
  }

  private static Optional<Path> schemas() {
    String named = System.getProperty("mcp.schema", "");
    if (!named.isEmpty()) {
      return Optional.of(Path.of(named));
    }
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      Path folder = at.resolve("shared/data/mcp-schema");
      if (Files.isDirectory(folder)) {
        return Optional.of(folder);
      }
    }
    return Optional.empty();
  }
}
