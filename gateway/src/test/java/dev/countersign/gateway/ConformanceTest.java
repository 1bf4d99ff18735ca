package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.Counterparts;
import dev.countersign.config.Problems;
import dev.countersign.gateway.box.ToolsFile;
import dev.countersign.gateway.tools.Tools;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Scenarios of the protocol's own conformance suite, run whole against our server; what is
/// expected to fail stands, with its reason, in `conformance-expected-failures.yaml`. The others
/// need images and audio, sampling, forms of the tool's own, or the extension of tasks, which we do
/// not offer.
class ConformanceTest {
  private static final String TOOL =
      """
        template:
          description: Says its id.
          inputSchema:
            type: object
            additionalProperties: false
            required: [id]
            properties: {id: {type: string}}
          scope: case:read
          rar: [{type: urn:smt:agent:case, operationDetails: {action: template, id: =args.id}}]
          role: refunds
          database: refunds
          statement: SELECT :id::text AS id
          result: {kind: row, missing: none}
      """;
  private static final String SUITES_OWN =
      """
        %s:
          description: One that the suite calls.
          inputSchema: {type: object, additionalProperties: false}
          scope: case:read
          rar: [{type: urn:smt:agent:case, operationDetails: {action: suite}}]
          role: refunds
          database: refunds
          statement: SELECT 'said' AS text WHERE %s
          result: {kind: row, missing: This tool intentionally returns an error for testing}
      """;
  private static final String RESOURCES =
      """
        static_text: {uri: "test://static-text", text: This is the content of a text.}
        watched: {uri: "test://watched-resource", text: This one changes with the file only.}
        template: {uri: "test://template/{id}/data", tool: template}
      """;
  private static final String PROMPTS =
      """
        test_simple_prompt: {description: A simple one., messages: [{text: This is a simple prompt.}]}
        test_prompt_with_arguments:
          description: One with arguments.
          arguments:
            arg1: {required: true, values: [test1, test2]}
            arg2: {required: true}
          messages: [{text: "First {{arg1}}, second {{arg2}}."}]
      """;

  private static Stage stage;
  private static Process proxy;
  private static URI address;

  @BeforeAll
  static void open(@TempDir Path folder) throws IOException {
    Path script = Counterparts.js().resolve("bearer-proxy.mjs");
    Files.copy(
        Path.of("../counterparts/js/bearer-proxy.mjs"),
        script,
        StandardCopyOption.REPLACE_EXISTING);
    stage = new Stage(tools(folder));
    proxy =
        new ProcessBuilder(
                Counterparts.node().toString(),
                script.toString(),
                stage.config.base().toString(),
                stage.bearer())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    var output =
        new BufferedReader(new InputStreamReader(proxy.getInputStream(), StandardCharsets.UTF_8));
    address = URI.create("http://127.0.0.1:" + output.readLine() + "/mcp");
  }

  /// The example's tools, and what the suite expects under names of its own.
  private static Tools tools(Path folder) throws IOException {
    String own = Files.readString(Path.of("src/test/resources/tools.yaml"));
    Path file = folder.resolve("tools.yaml");
    Files.writeString(
        file,
        own.replace("tools:\n", "tools:\n" + TOOL + suitesOwn())
            .replace("resources:\n", "resources:\n" + RESOURCES)
            .replace("prompts:\n", "prompts:\n" + PROMPTS));
    var problems = new Problems();
    Tools tools = ToolsFile.read(file, Set.of("refunds"), problems);
    problems.throwIfAny();
    return tools;
  }

  private static String suitesOwn() {
    var tools = new StringBuilder(SUITES_OWN.formatted("test_error_handling", "false"));
    for (String name :
        List.of(
            "test_simple_text",
            "test_logging_tool",
            "test_tool_with_logging",
            "test_tool_with_progress")) {
      tools.append(SUITES_OWN.formatted(name, "true"));
    }
    return tools.toString();
  }

  @AfterAll
  static void close() {
    proxy.destroy();
    stage.close();
  }

  @ParameterizedTest
  @CsvSource({
    "2025-06-18, server-initialize",
    "2025-06-18, ping",
    "2025-06-18, tools-list",
    "2025-11-25, server-initialize",
    "2025-11-25, ping",
    "2025-11-25, tools-list",
    "2025-11-25, tools-call-with-logging",
    "2025-11-25, dns-rebinding-protection",
    "2026-07-28, tools-list",
    "2026-07-28, tools-call-with-progress",
    "2026-07-28, dns-rebinding-protection",
    "2026-07-28, http-header-validation",
    "2026-07-28, input-required-result-unsupported-methods",
    "2026-07-28, completion-complete",
    "2026-07-28, resources-templates-read",
    "2026-07-28, prompts-get-with-args",
    "2026-07-28, caching",
    "2026-07-28, server-stateless"
  })
  void passesAScenario(String revision, String scenario, @TempDir Path results)
      throws IOException, InterruptedException {
    pass(revision, scenario, results);
  }

  @ParameterizedTest
  @Tag("slow")
  @CsvSource({
    "2025-11-25, tools-call-simple-text",
    "2025-11-25, prompts-get-with-args",
    "2025-11-25, resources-templates-read",
    "2025-11-25, completion-complete",
    "2025-11-25, tools-call-error",
    "2025-11-25, tools-call-with-progress",
    "2025-11-25, logging-set-level",
    "2025-11-25, resources-list",
    "2025-11-25, resources-read-text",
    "2025-11-25, resources-subscribe",
    "2025-11-25, prompts-list",
    "2025-11-25, prompts-get-simple",
    "2025-11-25, server-session-lifecycle",
    "2025-11-25, server-sse-multiple-streams",
    "2026-07-28, tools-call-simple-text",
    "2026-07-28, tools-call-error",
    "2026-07-28, resources-list",
    "2026-07-28, resources-read-text",
    "2026-07-28, sep-2164-resource-not-found",
    "2026-07-28, prompts-list",
    "2026-07-28, prompts-get-simple",
    "2026-07-28, server-sse-multiple-streams"
  })
  void passesAFurtherScenario(String revision, String scenario, @TempDir Path results)
      throws IOException, InterruptedException {
    pass(revision, scenario, results);
  }

  private static void pass(String revision, String scenario, Path results)
      throws IOException, InterruptedException {
    Process suite =
        new ProcessBuilder(
                List.of(
                    Counterparts.node().toString(),
                    Counterparts.js()
                        .resolve("node_modules/@modelcontextprotocol/conformance/dist/index.js")
                        .toString(),
                    "server",
                    "--url",
                    address.toString(),
                    "--scenario",
                    scenario,
                    "--spec-version",
                    revision,
                    "--expected-failures",
                    Path.of("src/test/resources/conformance-expected-failures.yaml").toString(),
                    "-o",
                    results.toString()))
            .redirectErrorStream(true)
            .start();
    String output = new String(suite.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(suite.waitFor()).as(output).isZero();
    assertThat(output).as("something was checked").doesNotContain("0 passed, 0 failed");
  }
}
