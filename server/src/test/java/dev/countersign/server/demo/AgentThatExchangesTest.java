package dev.countersign.server.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.agent.CallOutcome;
import dev.countersign.agent.McpClient;
import dev.countersign.agent.http.HttpTransport;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.House;
import dev.countersign.server.prove.Workload;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// Pattern B with every box real: the agent is the STS's client, and the gateway only validates.
class AgentThatExchangesTest {
  private static final InstantSource CLOCK = InstantSource.system();

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  @TempDir static Path data = Path.of("");

  private static final WireClient WIRE = new WireClient();

  private static @Nullable Scene opened;

  private record Scene(House house, Workload client, McpClient agent) {}

  private static Scene scene() {
    return Objects.requireNonNull(opened);
  }

  @BeforeAll
  static void open() {
    House house = House.rehearsal(data, CLOCK, Map.of("MCP_AUTH_MODE", "validate"));
    var installation = house.installation();
    var client =
        new Workload(
            WIRE,
            "agent",
            installation.keys().own("agent"),
            installation.sts().issuer(),
            installation.broker().orElseThrow().baseUri(),
            CLOCK);
    var agent = new McpClient(new HttpTransport(installation.gateway().resource()));
    opened = new Scene(house, client, agent);
  }

  @AfterAll
  static void close() {
    scene().house().close();
    EmbeddedPostgres.delete(data); // as root the cluster lies outside of the temporary folder
  }

  private static Secret signIn(Cast cast, Cast.Someone someone) {
    return new SignIn(cast.issuer(), cast.clientId(), Story.REDIRECT, cast.scope())
        .with(new Browser(), WIRE, someone.username(), cast.password())
        .accessToken();
  }

  private static ObjectNode exchange(Cast cast, Secret bearer, String kase, long cents) {
    var details =
        AuthorizationDetails.parse(
            """
            [{"type":"urn:smt:agent:refund","operationDetails":{"action":"process_refund",
              "instructedAmount":{"currency":"USD","amount":%d},
              "creditorAccount":{"identification":"%s"}}}]
            """
                .formatted(cents, kase));
    return StrictJson.parseObject(
        scene().client().exchange(bearer, cast.tokenType(), "refund:write", details).body());
  }

  private static Secret obo(Cast cast, Secret bearer, String kase, long cents) {
    return new Secret(exchange(cast, bearer, kase, cents).path("access_token").asString(""));
  }

  private static CallOutcome refund(Secret token, String kase, long cents) {
    ObjectNode arguments = StrictJson.object().put("case_id", kase).put("amount_cents", cents);
    return scene().agent().callTool(token, "process_refund", arguments);
  }

  @Test
  void writesOneRowForTheTokenOfThisCallAndAnswersItsRepeatFromIt() {
    Cast cast = Performance.okta(scene().house());
    Secret token = obo(cast, signIn(cast, cast.high()), cast.cases().direct(), 8_000);

    assertThat(refund(token, cast.cases().direct(), 8_000)).isInstanceOf(CallOutcome.Done.class);
    assertThat(refund(token, cast.cases().direct(), 8_000))
        .isInstanceOfSatisfying(
            CallOutcome.Done.class,
            repeat ->
                assertThat(repeat.diagnostics().toString())
                    .contains("\"dev.countersign/repeated\":true"));
    assertThat(scene().house().broker().orElseThrow().sweeper().orphans()).isZero();
  }

  @Test
  void refusesAnotherAmountThanTheTokens() {
    Cast cast = Performance.okta(scene().house());
    Secret token = obo(cast, signIn(cast, cast.high()), cast.cases().stolen(), 8_000);

    assertThat(refund(token, cast.cases().stolen(), 8_100).toString()).contains("token_mismatch");
    assertThat(refund(token, cast.cases().stolen(), 8_000))
        .as("the refused call has not used the token up")
        .isInstanceOf(CallOutcome.Done.class);
  }

  @Test
  void listsToolsForThePersonsOwnTokenButMakesNoCallWithIt() {
    Cast cast = Performance.entra(scene().house());
    Secret bearer = signIn(cast, cast.high());

    assertThat(scene().agent().listTools(bearer).toString()).contains("process_refund");
    assertThat(refund(bearer, cast.cases().direct(), 100).toString()).contains("SignIn");
  }

  @Test
  void refusesATokenFromBeforeAKill() {
    Cast cast = Performance.entra(scene().house());
    Secret bearer = signIn(cast, cast.low());
    Secret token = obo(cast, bearer, cast.cases().direct(), 100);

    assertThat(exchange(cast, bearer, cast.cases().direct(), 500_000).path("error").asString(""))
        .isEqualTo("access_denied");
    awaitTheEndOfTheKill();

    assertThat(refund(token, cast.cases().direct(), 100)).isNotInstanceOf(CallOutcome.Done.class);
  }

  private static void awaitTheEndOfTheKill() {
    Instant end = CLOCK.instant().plus(PATIENCE);
    while (scene().house().ledger().recent(1_000).stream()
        .noneMatch(record -> record.event().equals(LedgerEvent.KILL_FINISHED.wireName()))) {
      assertThat(CLOCK.instant()).as("the kill ends").isBefore(end);
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
  }
}
