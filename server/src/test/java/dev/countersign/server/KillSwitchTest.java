package dev.countersign.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.agent.CallOutcome;
import dev.countersign.agent.McpClient;
import dev.countersign.agent.http.HttpTransport;
import dev.countersign.box.ScriptedBrowser;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.console.box.ConsoleBox;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.demo.DevelopmentSignIn;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// The kill switch of a whole installation: by command, and by nobody who may not.
class KillSwitchTest {
  private static final InstantSource CLOCK = InstantSource.system();
  private static final Path EXAMPLE =
      Path.of("..", "examples", "refunds").toAbsolutePath().normalize();

  private static final String MORE_SOURCES =
      """
        sources:
          mcp:
            workloads: [gateway]
            shown-at: http://127.0.0.1:9403/mcp
            event-types: [session-revoked, risk-level-change]
          gateway:
            workloads: [gateway]
            anchors: [okta]
      """;

  /// Places that nobody calls, so that the test can ask what would be called.
  private static final String MORE_PLACES =
      """
        keycloak:
          anchor: keycloak
          server: https://keycloak.example
          realm: staff
          client-id: receiver
          client-secret: file:${COUNTERSIGN_DATA}/secrets/any
        verify:
          anchor: verify
          tenant: https://tenant.example
          client-id: receiver
          client-key: ${COUNTERSIGN_DATA}/service.jwk
        webhooks:
          siem:
            url: https://siem.example/hook
            anchors: [keycloak]
            secret: file:${COUNTERSIGN_DATA}/secrets/any
        inbound:
          workforce:
            issuer: https://workforce.example
            anchor: okta
            push-authorization: file:${COUNTERSIGN_DATA}/secrets/any
      """;

  @TempDir static Path folder = Path.of("");

  private static @Nullable House house;
  private static Path config = Path.of("");
  private static Path data = Path.of("");

  /// A copy of the example with ports of its own in the file, as commands read it.
  @BeforeAll
  static void start() throws IOException {
    data = folder.resolve("data");
    Path copy = Files.createDirectory(folder.resolve("example"));
    try (var files = Files.walk(EXAMPLE)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (file.toString().contains(".countersign")) {
          continue;
        }
        Path target = copy.resolve(EXAMPLE.relativize(file).toString());
        Files.createDirectories(target.getParent());
        Files.copy(file, target);
      }
    }
    config = copy.resolve("countersign.yaml");
    String text = Files.readString(config);
    for (Map.Entry<String, String> port : Ports.anyFree().entrySet()) {
      text = text.replaceAll("\\$\\{" + port.getKey() + ":[0-9]+}", port.getValue());
    }
    text = text.replace("\ntransmitter:\n", "\ntransmitter:\n" + MORE_SOURCES);
    text = text.replace("\nreceiver:\n", "\nreceiver:\n" + MORE_PLACES);
    text = text.replace("\ngateway:\n", "\ngateway:\n  kill-after-blocked: {calls: 3}\n");
    Files.createDirectories(data.resolve("secrets"));
    Files.writeString(data.resolve("secrets/any"), "a secret of more than twenty-four characters");
    Files.writeString(
        data.resolve("service.jwk"), dev.countersign.box.KeyFiles.newEc().toJSONString());
    Files.writeString(config, text);
    house = House.open(config, Map.of("COUNTERSIGN_DATA", data.toString()), CLOCK, _ -> {});
  }

  @AfterAll
  static void stop() {
    if (house != null) {
      house.close();
    }
    EmbeddedPostgres.delete(data);
  }

  @Test
  void aDrillReachesEveryPlaceAndLetsThePersonInAgain() {
    Answer drill = run("drill", "entra|drill-person", "--wait", "120");

    assertThat(drill.text)
        .contains("event accepted", "sts ended", "broker revoked", "entra", "finished")
        .contains("own tokens refused", "leases and connections gone", "identity provider called")
        .contains("tokens refused", "called entra", "called broker", "identity provider answered")
        .doesNotContain("not done", "under way");
    assertThat(run("un-kill", "entra|drill-person", "--reason", "again").text)
        .contains("not locked out");
  }

  @Test
  void aDrillWithATokenSeesItRefusedAtUserinfo() throws IOException {
    Path token = folder.resolve("token");
    Files.writeString(
        token,
        DevelopmentSignIn.anyone(running().installation(), "entra", "tomas@contoso.example")
            .reveal());
    String tomas = "entra|0b6f1f9e-1111-4a11-9a11-00000000a002";

    Answer drill = run("drill", tomas, "--wait", "120", "--token", token.toString());

    assertThat(drill.text)
        .contains("userinfo refuses the person's token", "userinfo 401 seen")
        .doesNotContain("not done");
    Files.writeString(token, "not-a-token");
    Answer bad = run("drill", tomas, "--token", token.toString());
    assertThat(bad.code).isNotZero();
    assertThat(bad.text).contains("userinfo answers 401").doesNotContain("not-a-token");
    assertThat(run("drill", tomas, "--token", folder.resolve("none").toString()).text)
        .contains("cannot be read");
  }

  @Test
  void aKillIsShownWithItsHopsUntilTheOperatorLetsThePersonIn() {
    Answer kill = run("kill", "okta|00u-somebody", "--reason", "left the company");
    String txn = kill.text.replaceAll("(?s).*kills (\\S+).*", "$1");
    awaitFinished(txn);

    assertThat(kill.code).isZero();
    assertThat(run("kills", txn).text).contains("okta|00u-somebody", "broker revoked", "finished");
    assertThat(run("kills").text).contains(txn);
    assertThat(run("un-kill", "okta|00u-somebody", "--reason", "a mistake").code).isZero();
    assertThat(entries("gate-opened"))
        .anySatisfy(entry -> {
          assertThat(entry.subject()).isEqualTo("okta|00u-somebody");
          assertThat(entry.data().path("reason").stringValue()).isEqualTo("a mistake");
        });
  }

  @ParameterizedTest
  @CsvSource({
    "sts,keycloak|u,DELETE http://127.0.0.1",
    "broker,keycloak|u,/v1/countersign/subjects/revoke",
    "keycloak,keycloak|u,POST https://keycloak.example/admin/realms/staff/users/u/logout",
    "verify,verify|u,DELETE https://tenant.example/v1.0/auth/sessions/u",
    "webhook-siem,keycloak|u,POST https://siem.example/hook",
    "entra,entra|u,/v1.0/users/u/revokeSignInSessions",
    "okta,okta|u,/api/v1/users/u/sessions?oauthTokens=true"
  })
  void aDryRunSaysWhatAHandlerWouldCall(String handler, String person, String call) {
    Answer said = run("receiver", "test", handler, "--user", person, "--dry-run");

    assertThat(said.code).as(said.text).isZero();
    assertThat(said.text)
        .contains("Nothing is called", call, "What it cannot do")
        .doesNotContain("twenty-four");
  }

  @Test
  void aHandlerIsTestedForReal() {
    Answer okta = run("receiver", "test", "okta", "--user", "okta|00u-nobody");
    assertThat(okta.text).contains("status 404", "nothing to end", "What it cannot do");
    assertThat(okta.code).isZero();

    Answer away = run("receiver", "test", "keycloak", "--user", "keycloak|u");
    assertThat(away.code).isEqualTo(1);
    assertThat(away.text).contains("No answer").doesNotContain("Exception");
    assertThat(run("receiver", "test", "nobody", "--user", "okta|x").text)
        .contains("there is no such handler", "sts, broker, entra, okta");
    assertThat(run("receiver", "test", "okta", "--user", "entra|x").code).isEqualTo(1);
    assertThat(run("receiver", "test", "okta", "--user", "nobody").text).contains("--user must be");
  }

  @Test
  void whatIsDeadOrGivenUpIsListedAndTriedAgainOnlyIfItIsThere() {
    assertThat(run("transmitter", "dead").text).contains("wait for receiver", "0 dead");
    assertThat(run("transmitter", "redeliver", "no-such-event").code).isEqualTo(1);
    assertThat(run("receiver", "dead").text).contains("given up");
    assertThat(run("receiver", "retry", "no-such-txn").code).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"somebody,person", "|x,person", "'',person"})
  void aKillOfNobodyIsRefusedAndNamesTheMember(String person, String name) {
    Answer kill = run("kill", person, "--reason", name);

    assertThat(kill.code).isNotZero();
    assertThat(kill.text).contains("sub must be a subject key").doesNotContain("Exception");
  }

  @Test
  void aKillOfOneClientLeavesTheOthersAndTheProviderAlone() {
    Answer kill =
        run("kill", "entra|one-client", "--client", "agent", "--reason", "the agent misbehaves");
    assertThat(kill.code).as(kill.text).isZero();
    assertThat(kill.text).contains("agent gets no token");
    assertThat(accepted("entra|one-client")).isEmpty();
    assertThat(run("un-kill", "entra|one-client", "--reason", "x").text).contains("not locked out");
    assertThat(run("un-kill", "entra|one-client", "--client", "agent", "--reason", "x").code)
        .isZero();
    assertThat(run("kill", "entra|one-client", "--client", "a b", "--reason", "x").text)
        .contains("client_id must be");
  }

  @Test
  void aKillOfAClientWithoutAPersonShutsItOutForEverybodyAndTellsTheBroker() {
    Answer kill = run("kill", "--client", "prove-outsider", "--reason", "taken over");
    assertThat(kill.code).as(kill.text).isZero();
    assertThat(kill.text).contains("prove-outsider gets no token for anybody");

    assertThat(run("un-kill", "--client", "prove-outsider", "--reason", "mended").code).isZero();
    assertThat(run("un-kill", "--client", "prove-outsider", "--reason", "again").text)
        .contains("not locked out");
    Answer nobody = run("kill", "--reason", "everything");
    assertThat(nobody.code).isNotZero();
    assertThat(nobody.text).contains("sub must be a subject key").doesNotContain("Exception");
  }

  @Test
  void callsThatPolicyBlocksEndThePersonsSessionsByAnEventOfTheGateway() {
    var installation = running().installation();
    String omar = "okta|00u2omar0000000000a2";
    var bearer = DevelopmentSignIn.anyone(installation, "okta", "omar@fabrikam.example");
    var agent = new McpClient(new HttpTransport(installation.gateway().resource()));
    for (int call = 0; call < 3; call++) {
      assertThat(accepted(omar)).isEmpty();
      agent.callTool(bearer, "export_customers", StrictJson.object());
    }

    long end = System.nanoTime() + Duration.ofMinutes(2).toNanos();
    while (accepted(omar).isEmpty()) {
      assertThat(System.nanoTime() - end).as("no event was accepted").isNegative();
      java.util.concurrent.locks.LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
    LedgerRecord accepted = accepted(omar).getFirst();
    assertThat(accepted.data().path("source").asString("")).isEqualTo("gateway");
    awaitFinished(accepted.jti());
    assertThat(agent.callTool(bearer, "list_cases", StrictJson.object()))
        .isInstanceOf(CallOutcome.SignInRequired.class);
    assertThat(run("kills", accepted.jti()).text).contains(omar, "broker revoked", "finished");
    assertThat(run("un-kill", omar, "--reason", "rehearsed").code).isZero();
  }

  @Test
  void aReasonNeverBreaksALine() {
    Answer kill = run("kill", "entra|x", "--reason", "one\ntwo");

    assertThat(kill.code).isNotZero();
    assertThat(kill.text).contains("reason must be");
  }

  @Test
  void aKillWithoutTheOperatorsKeyIsRefused() {
    Answer kill = run("kill", "entra|x", "--reason", "x", "--key", folder.resolve("no").toString());

    assertThat(kill.code).isNotZero();
    assertThat(kill.text).contains("the operator's key is not at");
  }

  @Test
  void anOperatorEndsSessionsInTheConsoleWithAKeyThatStaysInTheBrowser() {
    String person = "entra|by-console";
    Path own = data.resolve("keys/operator.jwk");
    try (var browser =
        new ScriptedBrowser(
            "operator.mjs",
            StrictJson.object().put("entrance", console().operatorEntrance().reveal()))) {
      assertThat(browser.perform(StrictJson.object().put("do", "open")).path("text").asString(""))
          .contains("End sessions", "the console has none");

      ObjectNode foreign =
          browser.perform(act("End sessions", person, data.resolve("service.jwk"), "refused"));
      ObjectNode noKey =
          browser.perform(act("End sessions", person, data.resolve("secrets/any"), "no-key"));

      assertThat(foreign.path("result").asString("")).contains("Nothing was done", "assertion");
      assertThat(noKey.path("result").asString("")).contains("holds no private key");
      assertThat(accepted(person)).isEmpty();

      ObjectNode killed = browser.perform(act("End sessions", person, own, "killed"));

      assertThat(killed.path("result").asString(""))
          .contains("Tokens of " + person + " are refused from now on", "Follow it");
      assertThat(accepted(person)).hasSize(1);
      for (ObjectNode seen : List.of(foreign, noKey, killed)) {
        assertThat(seen.path("findings")).isEmpty();
        assertThat(seen.path("problems")).isEmpty();
      }
      String secret = running().installation().keys().own("operator").toECKey().getD().toString();
      assertThat(killed.path("sent").toString()).contains(person).doesNotContain(secret);
      assertThat(browser.perform(StrictJson.object().put("do", "follow")).path("text").asString(""))
          .contains(person, "laptop stolen");
    }
    assertThat(run("un-kill", person, "--reason", "found").code).isZero();
  }

  @Test
  void theConsoleEndsNothingWithoutASignatureOfTheOperatorsForThisAct() {
    var operator = new OperatorAtTheConsole(console());
    String person = "entra|not-by-console";
    ObjectNode body = StrictJson.object().put("sub", person).put("reason", "forged");
    String good = assertion("operator");

    for (String act : List.of("kills", "openings")) {
      assertThat(operator.send(act, "", operator.csrf, good, body).status()).isEqualTo(403);
      assertThat(operator.send(act, operator.cookie, "", good, body).status()).isEqualTo(403);
      assertThat(operator.send(act, operator.cookie, "forged", good, body).status()).isEqualTo(403);
      assertThat(operator.send(act, operator.cookie, operator.csrf, "", body).status())
          .isEqualTo(401);
      for (String box : List.of("console", "gateway", "sts", "agent")) {
        assertThat(
                operator.send(act, operator.cookie, operator.csrf, assertion(box), body).status())
            .as(box)
            .isEqualTo(401);
      }
    }
    assertThat(operator.page("").status()).isEqualTo(403);
    assertThat(accepted(person)).isEmpty();

    ObjectNode noReason = StrictJson.object().put("sub", person);
    assertThat(
            operator.send("kills", operator.cookie, operator.csrf, assertion("operator"), noReason))
        .satisfies(answer -> {
          assertThat(answer.status()).isEqualTo(400);
          assertThat(new String(answer.body(), StandardCharsets.UTF_8)).contains("reason must be");
        });
    assertThat(operator.send("kills", operator.cookie, operator.csrf, good, body).status())
        .isEqualTo(201);
    assertThat(operator.send("openings", operator.cookie, operator.csrf, good, body).status())
        .as("an assertion is good once")
        .isEqualTo(401);
    assertThat(run("un-kill", person, "--reason", "again").code).isZero();
  }

  private static ObjectNode act(String button, String person, Path key, String shot) {
    return StrictJson.object()
        .put("do", "end")
        .put("button", button)
        .put("person", person)
        .put("client", "")
        .put("reason", "laptop stolen")
        .put("name", "operator")
        .put("key", key.toString())
        .put("shot", "operator-" + shot);
  }

  private static ConsoleBox console() {
    return running().console().orElseThrow();
  }

  private static String assertion(String workload) {
    return new PresenterAssertion.Maker(
            workload, running().installation().keys().own(workload), CLOCK)
        .assertion(sts().toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"sts", "broker", "gateway", "transmitter", "receiver", "console", "agent"})
  void J06_noBoxHoldsAKeyThatAKillOfAnOperatorAccepts(String box) {
    for (String path : List.of("/v1.0/auth/kills", "/v1.0/auth/openings")) {
      ObjectNode body = StrictJson.object().put("sub", "entra|victim").put("reason", "forged");

      assertThat(call(box, sts(), "POST", path, body).status()).as(box).isEqualTo(401);
    }
    assertThat(accepted("entra|victim")).isEmpty();
  }

  @Test
  void J06_theGatewayHoldsNoCredentialThatAnyKillApiAccepts() {
    var installation = running().installation();
    URI broker = installation.broker().orElseThrow().baseUri();
    URI transmitter = installation.transmitter().issuer();
    ObjectNode person = StrictJson.object().put("sub", "entra|victim").put("txn", "forged");
    ObjectNode event = event("entra|victim");

    assertThat(
            call("gateway", sts(), "DELETE", "/v1.0/auth/sessions/entra%7Cvictim", null).status())
        .isEqualTo(401);
    assertThat(call("gateway", broker, "POST", "/v1/countersign/subjects/revoke", person).status())
        .isIn(400, 401, 403);
    assertThat(call("gateway", transmitter, "POST", "/sources/sts/events", event).status())
        .isIn(401, 403);
    assertThat(call("gateway", transmitter, "POST", "/sources/gateway/events", event).status())
        .as("its own source is held to people of another anchor")
        .isEqualTo(403);
    assertThat(call("gateway", transmitter, "POST", "/sources/mcp/events", event).status())
        .as("and the other to people whose token it shows")
        .isIn(400, 403);
    assertThat(call("gateway", transmitter, "GET", "/ssf/streams", null).status()).isIn(401, 403);
    assertThat(call("gateway", transmitter, "POST", "/ssf/streams", StrictJson.object()).status())
        .isIn(401, 403);
    assertThat(accepted("entra|victim")).isEmpty();
  }

  @Test
  void J06_noProofThatTheGatewayCanMakeIsTakenByAnyKillApiInAnyForm() {
    var installation = running().installation();
    var kills = new HashMap<URI, List<String>>();
    kills.put(
        sts(),
        List.of(
            "POST /v1.0/auth/kills",
            "POST /v1.0/auth/openings",
            "DELETE /v1.0/auth/sessions/entra%7Cvictim",
            "PATCH /v1.0/auth/sessions/entra%7Cvictim"));
    kills.put(
        installation.broker().orElseThrow().baseUri(),
        List.of(
            "POST /v1/countersign/subjects/revoke",
            "POST /v1/countersign/clients/revoke",
            "POST /v1/countersign/sessions/revoke"));
    kills.put(installation.transmitter().issuer(), List.of("POST /sources/sts/events"));
    var maker = new PresenterAssertion.Maker("gateway", installation.keys().own("gateway"), CLOCK);
    kills.forEach((box, paths) -> {
      for (String path : paths) {
        ObjectNode whom = StrictJson.object().put("txn", "forged");
        if (!path.contains("/clients/")) {
          whom.put("sub", "entra|victim");
        }
        if (path.contains("/clients/") || path.contains("/sessions/revoke")) {
          whom.put("client_id", "agent");
        }
        String body = StrictJson.write(whom);
        for (URI audience : kills.keySet()) {
          for (String header : List.of(PresenterAssertion.HEADER, "Authorization")) {
            String proof = maker.assertion(audience.toString());
            String value = header.equals("Authorization") ? "Bearer " + proof : proof;
            int status =
                new WireClient()
                    .send(
                        path.split(" ", 2)[0],
                        URI.create(box + path.split(" ", 2)[1]),
                        Map.of(header, value, "Content-Type", "application/json"),
                        body,
                        Duration.ofSeconds(30))
                    .status();
            assertThat(status).as(path + " by " + header + " for " + audience).isIn(401, 403);
          }
        }
      }
    });
    for (String scope : List.of("ssf.manage", "ssf.read")) {
      WireClient.Answer token =
          new WireClient()
              .send(
                  "POST",
                  sts().resolve("/oauth2/token"),
                  Map.of("Content-Type", "application/x-www-form-urlencoded"),
                  "grant_type=client_credentials&scope="
                      + scope
                      + "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A"
                      + "client-assertion-type%3Ajwt-bearer&client_assertion="
                      + maker.assertion(sts().toString()),
                  Duration.ofSeconds(30));
      assertThat(token.status()).as(scope).isIn(400, 401, 403);
      assertThat(token.text()).doesNotContain("access_token");
    }
    assertThat(accepted("entra|victim")).isEmpty();
  }

  @Test
  void J07_theTransmittersOwnKeyEndsNoSessionAndRevokesNoLease() {
    URI broker = running().installation().broker().orElseThrow().baseUri();
    ObjectNode person = StrictJson.object().put("sub", "entra|victim").put("txn", "forged");

    assertThat(
            call("transmitter", sts(), "DELETE", "/v1.0/auth/sessions/entra%7Cvictim", null)
                .status())
        .isEqualTo(401);
    assertThat(
            call("transmitter", broker, "POST", "/v1/countersign/subjects/revoke", person).status())
        .isIn(400, 401, 403);
  }

  private static ObjectNode event(String sub) {
    ObjectNode body = StrictJson.object();
    body.putObject("sub_id").put("format", "iss_sub").put("iss", sts().toString()).put("sub", sub);
    body.put("txn", "forged");
    ObjectNode event =
        body.putObject("events")
            .putObject("https://schemas.openid.net/secevent/caep/event-type/session-revoked");
    event.put("event_timestamp", CLOCK.instant().getEpochSecond());
    event.putObject("reason_admin").put("en", "forged");
    return body;
  }

  private static WireClient.Answer call(
      String workload, URI base, String method, String path, @Nullable ObjectNode body) {
    var headers = new HashMap<String, String>();
    headers.put(
        PresenterAssertion.HEADER,
        new PresenterAssertion.Maker(workload, running().installation().keys().own(workload), CLOCK)
            .assertion(base.toString()));
    if (body != null) {
      headers.put("Content-Type", "application/json");
    }
    return new WireClient()
        .send(
            method,
            URI.create(base + path),
            headers,
            body == null ? null : StrictJson.write(body),
            Duration.ofSeconds(30));
  }

  private static House running() {
    return java.util.Objects.requireNonNull(house);
  }

  private static URI sts() {
    return running().installation().sts().issuer();
  }

  private static List<LedgerRecord> entries(String event) {
    return running().ledger().recent(10_000).stream()
        .filter(record -> record.event().equals(event))
        .toList();
  }

  private static List<LedgerRecord> accepted(String subject) {
    return entries("event-accepted").stream()
        .filter(record -> record.subject().equals(subject))
        .toList();
  }

  private static void awaitFinished(String txn) {
    long end = System.nanoTime() + Duration.ofMinutes(2).toNanos();
    while (entries("kill-finished").stream().noneMatch(record -> record.jti().equals(txn))) {
      assertThat(System.nanoTime() - end).as("the kill is not finished").isNegative();
      java.util.concurrent.locks.LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }

  /// Runs a command against the installation, with what it prints.
  private static synchronized Answer run(String command, String... arguments) {
    var out = new ByteArrayOutputStream();
    PrintStream before = System.out;
    PrintStream errors = System.err;
    try (var screen = new PrintStream(out, true, StandardCharsets.UTF_8)) {
      System.setOut(screen);
      System.setErr(screen);
      var all = new java.util.ArrayList<String>(List.of(command));
      all.addAll(List.of(arguments));
      all.addAll(List.of("--config", config.toString(), "--data", data.toString()));
      int code = Main.run(all.toArray(String[]::new));
      return new Answer(code, out.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(before);
      System.setErr(errors);
    }
  }

  private record Answer(int code, String text) {}
}
