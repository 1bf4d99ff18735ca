package dev.countersign.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.KeyFiles;
import dev.countersign.box.StockVault;
import dev.countersign.box.TestState;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.demo.DevelopmentSignIn;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// The whole refunds example without a broker: a real OpenBao, or the Vault that `VAULT_ADDR` and
/// `VAULT_TOKEN` name, makes the logins.
@Tag("slow")
class OwnVaultTest {
  private static final Path EXAMPLE = Path.of("..", "examples", "refunds");
  private static final InstantSource CLOCK = InstantSource.system();
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir static Path folder = Path.of("");

  @SuppressWarnings("NullAway.Init")
  private static StockVault vault;

  @SuppressWarnings("NullAway.Init")
  private static House house;

  @SuppressWarnings("NullAway.Init")
  private static DatabaseSettings cases;

  @BeforeAll
  static void start() throws IOException {
    cases = TestState.shared().createDatabase("own_vault");
    TestState.shared()
        .execute(
            cases,
            """
            CREATE ROLE own_vault_read NOLOGIN;
            CREATE SCHEMA refunds;
            CREATE TABLE refunds.cases (case_id text PRIMARY KEY, customer text, product text,
                currency text, paid bigint, refunded bigint, status text, representative text,
                opened_at timestamptz);
            INSERT INTO refunds.cases
            VALUES ('R-884-2233', 'Ines', 'Lamp', 'USD', 12000, 0, 'open', 'Maya', now());
            GRANT USAGE ON SCHEMA refunds TO own_vault_read;
            GRANT SELECT ON refunds.cases TO own_vault_read;
            """);
    vault = StockVault.started();
    try (Stream<Path> files = Files.list(EXAMPLE)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, folder.resolve(file.getFileName().toString()));
      }
    }
    Path config = folder.resolve("countersign.yaml");
    String text = Files.readString(config);
    int from = text.indexOf("\nbroker:\n");
    int until = text.indexOf("\ngateway:\n");
    Files.writeString(
        config,
        (text.substring(0, from) + text.substring(until))
            .replace(
                "  tools: tools.yaml\n",
                """
                  tools: tools.yaml
                  vault: {address: '%s', auth-mount: sts}
                  databases:
                    refunds: {url: '%s'}
                """
                    .formatted(vault.address(), cases.url())));
    Path tools = folder.resolve("tools.yaml");
    Files.writeString(
        tools,
        Files.readString(tools)
            .replace(
                "    result: {kind: row, missing: there is no such case}",
                "    limits: {timeout: 3m}\n    result: {kind: row, missing: there is no such case}"));
    var variables = new HashMap<String, String>(Ports.anyFree());
    variables.put(ConfigOption.DATA, folder.resolve("data").toString());
    house = House.open(config, variables, CLOCK, _ -> {});
    var installation = house.installation();
    vault.serve(
        installation.sts().issuer(),
        installation.gateway().resource(),
        "refunds",
        cases,
        "own_vault_read");
  }

  @AfterAll
  static void stop() {
    house.close();
    vault.close();
    EmbeddedPostgres.delete(folder.resolve("data"));
  }

  @Test
  void aCallRunsWithALoginOfYourOwnVaultWhichIsGoneAfterwards() {
    ObjectNode answer = findCase(bearer("maya@contoso.example"));

    assertThat(answer.path("structuredContent").path("customer").asString("")).isEqualTo("Ines");
    assertThat(logins()).isZero();
  }

  @Test
  void aKillDuringACallEndsItsLogin() throws SQLException {
    Secret tomas = bearer("tomas@contoso.example");
    CompletableFuture<ObjectNode> call;
    try (Connection blocker = Database.connect(cases);
        var statement = blocker.createStatement()) {
      blocker.setAutoCommit(false);
      statement.execute("LOCK TABLE refunds.cases IN ACCESS EXCLUSIVE MODE");
      call = CompletableFuture.supplyAsync(() -> findCase(tomas));
      await(() -> connections("AND wait_event_type = 'Lock'") == 1, call);
      kill(subject(tomas));
      await(() -> connections("") == 0 && logins() == 0, call);
    }

    ObjectNode answer = call.orTimeout(60, TimeUnit.SECONDS).join();
    assertThat(answer.path("isError").booleanValue()).isTrue();
    assertThat(StrictJson.write(answer)).contains("session_ended").doesNotContain("Ines");
  }

  private static Secret bearer(String username) {
    return DevelopmentSignIn.bearer(house.installation(), username).orElseThrow();
  }

  private static ObjectNode findCase(Secret bearer) {
    ObjectNode message = StrictJson.object().put("jsonrpc", "2.0").put("id", 1);
    ObjectNode params = message.put("method", "tools/call").putObject("params");
    params.put("name", "find_case").putObject("arguments").put("case_id", "R-884-2233");
    WireClient.Answer answer =
        new WireClient()
            .send(
                "POST",
                house.installation().gateway().resource(),
                Map.of(
                    "Authorization", "Bearer " + bearer.reveal(),
                    "Content-Type", "application/json",
                    "Accept", "application/json, text/event-stream",
                    "MCP-Protocol-Version", "2025-06-18"),
                StrictJson.write(message),
                Duration.ofMinutes(4));
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return (ObjectNode) StrictJson.parseObject(answer.body()).path("result");
  }

  /// The key of the person whom a token is of, as the token service says it.
  private static String subject(Secret bearer) {
    WireClient.Answer answer =
        new WireClient()
            .get(
                URI.create(house.installation().sts().issuer() + "/oauth2/userinfo"),
                Map.of("Authorization", "Bearer " + bearer.reveal()),
                PATIENCE);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return StrictJson.parseObject(answer.body()).path("sub").stringValue();
  }

  private static void kill(String subject) {
    var installation = house.installation();
    URI sts = installation.sts().issuer();
    var key = KeyFiles.loadOrCreate(installation.data().resolve("keys").resolve("operator.jwk"));
    var proof = new PresenterAssertion.Maker("operator", key, CLOCK);
    WireClient.Answer answer =
        new WireClient()
            .send(
                "POST",
                URI.create(sts + "/v1.0/auth/kills"),
                Map.of(
                    PresenterAssertion.HEADER,
                    proof.assertion(sts.toString()),
                    "Content-Type",
                    "application/json"),
                StrictJson.write(StrictJson.object().put("sub", subject).put("reason", "a test")),
                PATIENCE);
    assertThat(answer.status()).as(answer.text()).isBetween(200, 202);
  }

  private static long logins() {
    return count("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'v-%'");
  }

  private static long connections(String condition) {
    return count("SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'v-%' " + condition);
  }

  private static long count(String sql) {
    try (Connection connection = Database.connect(cases);
        var statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getLong(1);
    } catch (SQLException failed) {
      throw new IllegalStateException(failed);
    }
  }

  private static void await(BooleanSupplier condition, CompletableFuture<ObjectNode> call) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("the call is " + call).isLessThan(end);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
  }
}
