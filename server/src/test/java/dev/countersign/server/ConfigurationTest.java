package dev.countersign.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.countersign.config.ConfigException;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.config.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The example's configuration, whole and broken.
class ConfigurationTest {
  private static final Path EXAMPLE = Path.of("..", "examples", "refunds");

  @TempDir Path folder = Path.of("");

  @BeforeEach
  void copyTheExample() throws IOException {
    try (Stream<Path> files = Files.list(EXAMPLE)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, folder.resolve(file.getFileName().toString()));
      }
    }
  }

  @Test
  void readsTheExampleWithoutAProblem() {
    Installation installation = read();

    assertThat(installation.sts().anchors()).hasSize(2);
    assertThat(installation.tools().all())
        .extracting(tool -> tool.name())
        .contains("find_case", "list_cases", "process_refund", "export_customers");
  }

  @Test
  void namesFileLineKeyAndFixOfAMisspeltKey() throws IOException {
    change("token-lifetime: 60s", "token-lifetme: 60s");

    assertThatThrownBy(this::read)
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("countersign.yaml:")
        .hasMessageContaining("sts.token-lifetme: unknown key; did you mean `token-lifetime`?");
  }

  @Test
  void namesAMisspeltSectionBesideTheOneThatIsMissing() throws IOException {
    change("\nbroker:\n", "\nbrokr:\n");

    assertThatThrownBy(this::read)
        .hasMessageContaining("brokr: unknown key; did you mean `broker`?");
  }

  @Test
  void refusesAnAdministratorsLoginThatItWouldTakeOver() throws IOException {
    change(
        "\nsts:\n",
        """

          postgres:
            url: jdbc:postgresql://127.0.0.1:1/postgres
            user: countersign_owner
            password: secret
        sts:
        """);

    assertThatThrownBy(this::read)
        .hasMessageContaining("state.postgres.user: names like countersign_");
  }

  @Test
  void tellsProblemsOfOneSectionAtOnce() throws IOException {
    change("token-lifetime: 60s", "token-lifetime: soon");
    change("from: approvals@countersign.example", "from: nobody");

    var failure = catchThrowableOfType(ConfigException.class, this::read);

    assertThat(failure.problems())
        .anyMatch(line -> line.contains("token-lifetime: must be a duration"))
        .anyMatch(line -> line.contains("from must be a mail address"));
  }

  @Test
  void takesACollectorOfSpansAndRefusesWhatItCannotBe() throws IOException {
    append("telemetry:\n  otlp:\n    endpoint: http://127.0.0.1:4318\n    percent: 5\n");
    assertThat(read().telemetry())
        .hasValueSatisfying(settings -> {
          assertThat(settings.tracesAddress()).hasToString("http://127.0.0.1:4318/v1/traces");
          assertThat(settings.percent()).isEqualTo(5);
        });

    change("percent: 5", "percent: 101\n    authorization: Bearer one");
    change("http://127.0.0.1:4318", "http://127.0.0.1:4318/?to=me");
    assertThatThrownBy(this::read)
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("telemetry.otlp.percent: must be between 0 and 100")
        .hasMessageContaining("telemetry.otlp.endpoint: must be an http or https address without")
        .hasMessageContaining("telemetry.otlp.authorization: goes over https only")
        .hasMessageNotContaining("Bearer one");
  }

  @Test
  void refusesPlainHttpOffLoopback() throws IOException {
    change("    port: ${STS_PORT:9401}", "    host: 0.0.0.0\n    port: ${STS_PORT:9401}");

    assertThatThrownBy(this::read).hasMessageContaining("plain HTTP is served on loopback only");
  }

  @Test
  void takesAVaultOfYourOwnInTheBrokersPlace() throws IOException {
    withoutTheBroker();

    Installation installation = read();

    assertThat(installation.broker()).isEmpty();
    assertThat(installation.receiver().broker()).isEmpty();
    assertThat(installation.gateway().upstreams().broker()).isEmpty();
    assertThat(installation.gateway().databases()).containsOnlyKeys("refunds");
  }

  @Test
  void startsAllOtherBoxesWithAVaultInTheBrokersPlace() throws IOException {
    withoutTheBroker();
    var variables = new HashMap<String, String>(Ports.anyFree());
    variables.put(ConfigOption.DATA, folder.resolve("data").toString());
    try (House house =
        House.open(
            folder.resolve("countersign.yaml"), variables, InstantSource.system(), _ -> {})) {
      var wire = new WireClient();

      assertThat(
              wire.send(
                      "GET",
                      house.installation().gateway().base().resolve("/healthz"),
                      Map.of(),
                      null,
                      Duration.ofSeconds(30))
                  .status())
          .isEqualTo(200);
      assertThat(house.broker()).isEmpty();
    }
  }

  @Test
  void refusesAnInstallationWithNeitherBrokerNorVault() throws IOException {
    withoutTheBroker();
    change("  vault: {address: 'http://127.0.0.1:1'}\n", "");

    assertThatThrownBy(this::read).hasMessageContaining("broker");
  }

  private void withoutTheBroker() throws IOException {
    Path file = folder.resolve("countersign.yaml");
    String text = Files.readString(file);
    int from = text.indexOf("\nbroker:\n");
    int until = text.indexOf("\ngateway:\n");
    Files.writeString(
        file,
        (text.substring(0, from) + text.substring(until))
            .replace(
                "  tools: tools.yaml\n",
                """
                  tools: tools.yaml
                  vault: {address: 'http://127.0.0.1:1'}
                  databases:
                    refunds: {url: 'jdbc:postgresql://127.0.0.1:1/refunds'}
                """));
  }

  @Test
  void takesAVaultOfYourOwn() throws IOException {
    change(
        "  tools: tools.yaml",
        "  tools: tools.yaml\n  vault: {address: 'https://vault.example:8200', paths: verify-rar}");

    assertThat(read().gateway().upstreams().vault())
        .hasValueSatisfying(vault -> assertThat(vault.mount()).isEqualTo("verify-rar"));
  }

  /// What the page on AuthZEN shows can be copied.
  @Test
  void takesWhatThePageOnAuthZenShows() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "standards", "authzen.md"));
    var snippets = Pattern.compile("```yaml\nsts:\n(.*?)```", Pattern.DOTALL).matcher(page);
    String shown = snippets.results().map(found -> found.group(1)).collect(Collectors.joining());
    change("  policy: policy.yaml", "  policy: policy.yaml\n" + shown.stripTrailing());
    Files.writeString(folder.resolve("pdp.token"), "the-token-of-the-other-decision-point");

    var decisions =
        Installation.read(
                folder.resolve("countersign.yaml"),
                Map.of(
                    "COUNTERSIGN_DATA",
                    folder.resolve("data").toString(),
                    "DESK_TOKEN",
                    "a-token-of-24-characters-or-more"))
            .decisions();

    assertThat(decisions.callers()).containsOnlyKeys("desk");
    assertThat(decisions.outside())
        .hasValueSatisfying(other -> {
          assertThat(other.isAlone()).isFalse();
          assertThat(other.timeout()).isEqualTo(Duration.ofMillis(300));
        });
  }

  @Test
  void givesUnusedGrantsBackAtAudiencesOfOurBroker() throws IOException {
    change(
        "  policy: policy.yaml",
        "  policy: policy.yaml\n  give-back: ['http://127.0.0.1:${GATEWAY_PORT:9403}/mcp']");

    Installation read = read();

    assertThat(read.decisions().giveBack())
        .containsExactly(
            Map.entry(read.gateway().resource().toString(), read.broker().orElseThrow().baseUri()));
    assertThat(read.broker().orElseThrow().workloads()).containsKey("sts");
  }

  @Test
  void refusesToGiveBackWhereNobodyKnowsWhetherATokenWasUsed() throws IOException {
    change(
        "  policy: policy.yaml",
        "  policy: policy.yaml\n  give-back: ['http://127.0.0.1:${GATEWAY_PORT:9403}/mcp', 'http://x']");
    assertThatThrownBy(this::read)
        .hasMessageContaining("sts.give-back: names an audience that no role of the broker is for");

    change(
        "  tools: tools.yaml",
        "  tools: tools.yaml\n  vault: {address: 'https://vault.example:8200'}");
    assertThatThrownBy(this::read).hasMessageContaining("takes its logins from `gateway.vault`");
  }

  @Test
  void refusesToGiveBackWhereThereIsNoBrokerOfOurs() throws IOException {
    change(
        "  policy: policy.yaml",
        "  policy: policy.yaml\n  give-back: ['http://127.0.0.1:${GATEWAY_PORT:9403}/mcp']");
    change(
        "  tools: tools.yaml",
        "  tools: tools.yaml\n  vault: {address: 'https://vault.example:8200'}");
    Path file = folder.resolve("countersign.yaml");
    String text = Files.readString(file);
    Files.writeString(
        file,
        text.substring(0, text.indexOf("\nbroker:\n"))
            + text.substring(text.indexOf("\ngateway:\n")));

    assertThatThrownBy(this::read)
        .hasMessageContaining("sts.give-back: names an audience that no role of the broker is for");
  }

  @Test
  void refusesToGiveBackWhereAServerGetsSomethingElseThanALogin() throws IOException {
    change(
        "  policy: policy.yaml",
        "  policy: policy.yaml\n  give-back: ['http://127.0.0.1:${GATEWAY_PORT:9403}/mcp']");
    Path tools = folder.resolve("tools.yaml");
    Files.writeString(
        tools,
        Files.readString(tools)
            + """

            servers:
              tickets:
                url: https://tickets.example/mcp
                credential: { kind: none }
            """);

    assertThatThrownBy(this::read)
        .hasMessageContaining(
            "the broker cannot say whether a token was used; remove one of the two");
  }

  @Test
  void L16_refusesAVaultThatIsSpokenToInTheClear() throws IOException {
    change(
        "  tools: tools.yaml",
        "  tools: tools.yaml\n  vault: {address: 'http://vault.example:8200', paths: raft}");

    var failure = catchThrowableOfType(ConfigException.class, this::read);

    assertThat(failure.problems())
        .anyMatch(line -> line.contains("vault.address must be https"))
        .anyMatch(line -> line.contains("paths: must be database or verify-rar"));
  }

  @Test
  void refusesAMissingPolicyFileByItsName() throws IOException {
    change("policy: policy.yaml", "policy: no-such-policy.yaml");

    assertThatThrownBy(this::read)
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("no-such-policy.yaml");
  }

  @Test
  void refusesALeaseLongerThanFiveMinutes() throws IOException {
    change("lifetime: 5m", "lifetime: 6m");

    assertThatThrownBy(this::read).hasMessageContaining("at most 5 minutes");
  }

  @Test
  void L03_refusesAnAnchorWithoutAnAudience() throws IOException {
    change("audiences: [api://refunds]", "audiences: []");

    assertThatThrownBy(this::read).hasMessageContaining("exact `aud` values");
  }

  @Test
  void thePublishedSchemaAcceptsTheExampleAndRefusesAnUnknownKey() throws IOException {
    Schema schema =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(Files.readString(Path.of("..", "docs", "countersign.schema.json")));
    String example = Files.readString(EXAMPLE.resolve("countersign.yaml"));

    assertThat(schema.validate(example, InputFormat.YAML)).isEmpty();
    assertThat(schema.validate(example.replace("token-lifetime:", "token-life:"), InputFormat.YAML))
        .isNotEmpty();
  }

  private Installation read() {
    return Installation.read(
        folder.resolve("countersign.yaml"),
        Map.of("COUNTERSIGN_DATA", folder.resolve("data").toString()));
  }

  private void append(String text) throws IOException {
    Path file = folder.resolve("countersign.yaml");
    Files.writeString(file, Files.readString(file) + "\n" + text);
  }

  private void change(String from, String to) throws IOException {
    Path file = folder.resolve("countersign.yaml");
    String text = Files.readString(file);
    assertThat(text).contains(from);
    Files.writeString(file, text.replace(from, to));
  }
}
