package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.Counterparts;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Scenarios of the protocol's own conformance suite, run whole against our server. The others call
/// tools, prompts and resources of the suite's own, or extensions that we do not offer.
class ConformanceTest {
  private static Stage stage;
  private static Process proxy;
  private static URI address;

  @BeforeAll
  static void open() throws IOException {
    Path script = Counterparts.js().resolve("bearer-proxy.mjs");
    Files.copy(
        Path.of("../counterparts/js/bearer-proxy.mjs"),
        script,
        StandardCopyOption.REPLACE_EXISTING);
    stage = new Stage();
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
    "2025-11-25, dns-rebinding-protection",
    "2026-07-28, tools-list",
    "2026-07-28, dns-rebinding-protection",
    "2026-07-28, http-header-validation",
    "2026-07-28, input-required-result-unsupported-methods"
  })
  void passesAScenario(String revision, String scenario, @TempDir Path results)
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
                    "-o",
                    results.toString()))
            .redirectErrorStream(true)
            .start();
    String output = new String(suite.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(suite.waitFor()).as(output).isZero();
    assertThat(output).as("something was checked").doesNotContain("0 passed, 0 failed");
  }
}
