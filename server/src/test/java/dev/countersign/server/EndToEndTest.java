package dev.countersign.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.countersign.box.Logs;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.protocol.StrictJson;
import dev.countersign.server.demo.Performance;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/// The whole installation of the refunds example on real sockets and a real PostgreSQL: the story
/// is played, everything is stopped and started again over the same data, and nothing secret was
/// told.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class EndToEndTest {
  private static final Path EXAMPLE =
      Path.of("..", "examples", "refunds", "countersign.yaml").toAbsolutePath().normalize();
  private static final InstantSource CLOCK = InstantSource.system();
  private static final Pattern TOKEN =
      Pattern.compile("eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}");

  @TempDir static Path data = Path.of("");

  private static final ListAppender<ILoggingEvent> LOG = new ListAppender<>();
  private static final ByteArrayOutputStream SCREEN = new ByteArrayOutputStream();
  private static Map<String, String> variables = Map.of();
  private static List<LedgerRecord> ledger = List.of();
  private static List<String> codes = List.of();

  @BeforeAll
  static void choosePorts() {
    Logs.configure(Logs.Format.HUMAN);
    LOG.start();
    ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).addAppender(LOG);
    var chosen = new HashMap<String, String>(Map.of("COUNTERSIGN_DATA", data.toString()));
    chosen.putAll(Ports.anyFree());
    variables = Map.copyOf(chosen);
  }

  @AfterAll
  static void stopListening() {
    EmbeddedPostgres.delete(data); // as root the cluster lies outside of the temporary folder
    ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).detachAppender(LOG);
  }

  @Test
  @Order(1)
  void everyStepOfTheStoryHasItsExpectedOutcome() {
    try (House house = House.open(EXAMPLE, variables, CLOCK, _ -> {});
        var screen = new PrintStream(SCREEN, true, StandardCharsets.UTF_8)) {
      int unexpected = new Performance(house, screen, false, CLOCK).play();

      assertThat(unexpected).as(SCREEN.toString(StandardCharsets.UTF_8)).isZero();
      ledger = house.ledger().recent(10_000);
      codes = house.mailbox().orElseThrow().codes();
    }
  }

  @Test
  @Order(2)
  void K06_oneJtiJoinsExchangeApprovalLeaseStatementAndRevoke() {
    String jti =
        ledger.stream()
            .filter(record -> record.event().equals("approval-given"))
            .map(LedgerRecord::jti)
            .filter(candidate ->
                ledger.stream()
                    .anyMatch(record ->
                        record.jti().equals(candidate) && record.event().equals("statement-run")))
            .findFirst()
            .orElseThrow();

    assertThat(ledger)
        .filteredOn(record -> record.jti().equals(jti))
        .extracting(LedgerRecord::event)
        .contains(
            "exchange-step-up",
            "approval-sent",
            "approval-given",
            "exchange-permitted",
            "lease-minted",
            "statement-run",
            "lease-revoked",
            "call-finished");
  }

  @Test
  @Order(2)
  void oneJtiJoinsTheKillingDecisionAndEveryStepOfTheKill() {
    String jti =
        ledger.stream()
            .filter(record -> record.event().equals("exchange-killed"))
            .map(LedgerRecord::jti)
            .findFirst()
            .orElseThrow();

    assertThat(ledger)
        .filteredOn(record -> record.jti().equals(jti))
        .extracting(LedgerRecord::event)
        .contains(
            "event-accepted", "event-received", "sessions-ended", "kill-step", "kill-finished");
  }

  @Test
  @Order(2)
  void K02_noSecretOfTheRunIsInAnyLogLedgerOrScreen() throws IOException {
    String told =
        LOG.list.stream()
                .map(event -> event.getFormattedMessage() + " " + event.getThrowableProxy())
                .collect(Collectors.joining("\n"))
            + SCREEN.toString(StandardCharsets.UTF_8)
            + ledger.stream()
                .map(record -> StrictJson.write(record.data()))
                .collect(Collectors.joining("\n"))
            + Files.readString(data.resolve("postgres.log"));

    assertThat(secrets()).hasSizeGreaterThan(8);
    assertThat(secrets()).allSatisfy(secret -> assertThat(told.contains(secret)).isFalse());
    assertThat(codes).isNotEmpty();
    assertThat(codes)
        .allSatisfy(
            code -> assertThat(told).doesNotContainPattern("(?<![0-9.-])" + code + "(?![0-9.-])"));
    assertThat(TOKEN.matcher(told).find()).as("something shaped like a token").isFalse();
    assertThat(told).doesNotContain("SCRAM-SHA-256$");
  }

  @Test
  @Order(3)
  void L12_aRestartOverTheSameDataKeepsKillsAndLedger() {
    try (House house = House.open(EXAMPLE, variables, CLOCK, _ -> {})) {
      assertThat(house.ledger().breaks()).isEmpty();
      assertThat(house.ledger().recent(10_000)).hasSizeGreaterThanOrEqualTo(ledger.size());
      assertThat(house.broker().orElseThrow().sweeper().orphans()).isZero();
    }
  }

  @Test
  @Order(4)
  void K06_theTraceOfAJtiShowsWhatPostgresLoggedOfItsLogin() throws IOException {
    List<String> log = Files.readAllLines(data.resolve("postgres.log"));
    LedgerRecord refused =
        ledger.stream()
            .filter(record -> record.event().equals("lease-minted"))
            .filter(record -> {
              String user = record.data().path("user").stringValue();
              return log.stream().anyMatch(line -> line.contains(user + "@refunds ERROR"));
            })
            .findFirst()
            .orElseThrow();

    assertThat(
            told("trace", refused.jti(), "--postgres-log", data.resolve("postgres.log").toString()))
        .contains("lease-minted", "PostgreSQL's log, ")
        .contains(refused.data().path("user").stringValue() + "@refunds ERROR");
  }

  @Test
  @Order(4)
  void K06_aWholeLineOfPostgresLogLeadsBackToTheDecision() throws IOException {
    LedgerRecord minted =
        ledger.stream()
            .filter(record -> record.event().equals("lease-minted"))
            .findFirst()
            .orElseThrow();
    String user = minted.data().path("user").stringValue();
    String line =
        Files.readAllLines(data.resolve("postgres.log")).stream()
            .filter(one -> one.contains(user + "@"))
            .findFirst()
            .orElseThrow();

    assertThat(told("trace", line)).contains("trace " + minted.jti(), "exchange-permitted");
  }

  @Test
  @Order(4)
  void K03_theExportOfTheStoryIsCheckedOfflineAndAChangedLineIsNamed() throws IOException {
    Path export = data.resolve("ledger.jsonl");
    told("ledger", "checkpoints", "--now");
    told("ledger", "export", "--out", export.toString());
    assertThat(told("ledger", "verify")).contains("The ledger is whole");
    assertThat(told("ledger", "verify", export.toString())).contains("The ledger is whole");
    List<String> lines = new ArrayList<>(Files.readAllLines(export));
    assertThat(lines).anyMatch(line -> line.startsWith("{\"checkpoint\""));
    assertThat(lines).noneMatch(line -> line.contains("contoso.example"));

    int last = lines.size() - 2;
    lines.set(last, lines.get(last).replaceFirst("\"event\":\"[a-z-]+\"", "\"event\":\"x\""));
    Files.write(export, lines);

    assertThat(Main.run("ledger", "verify", export.toString())).isEqualTo(1);
    Path events = data.resolve("events.jsonl");
    told("ledger", "export", "--format", "ocsf", "--out", events.toString());
    assertThat(Files.readAllLines(events))
        .allSatisfy(line ->
            assertThat(StrictJson.parseObject(line).path("class_uid").intValue()).isEqualTo(6003))
        .anySatisfy(line -> assertThat(line).contains("exchange-killed"));
  }

  @Test
  @Order(4)
  void K06_leaseLoginApprovalAndPersonLeadToTheSameStory() throws IOException {
    LedgerRecord approval =
        ledger.stream()
            .filter(record -> record.event().equals("approval-given"))
            .filter(given ->
                ledger.stream()
                    .anyMatch(record ->
                        record.jti().equals(given.jti()) && record.event().equals("lease-minted")))
            .findFirst()
            .orElseThrow();
    LedgerRecord lease =
        ledger.stream()
            .filter(record -> record.jti().equals(approval.jti()))
            .filter(record -> record.event().equals("lease-minted"))
            .findFirst()
            .orElseThrow();
    Path page = data.resolve("trace.html");

    for (String name :
        List.of(
            approval.data().path("approval_id").stringValue(),
            lease.data().path("lease_id").stringValue(),
            lease.data().path("user").stringValue())) {
      assertThat(told("trace", name, "--html", page.toString()))
          .contains("trace " + approval.jti(), "approval-given", "lease-revoked");
    }
    assertThat(told("trace", approval.subject())).contains("for " + approval.subject());
    assertThat(told("trace", lease.jti(), "--json").lines())
        .allSatisfy(line ->
            assertThat(StrictJson.parseObject(line).path("trace_id").stringValue())
                .matches("[0-9a-f]{32}"));
    assertThat(Files.readString(page)).contains("PostgreSQL", "statement-run", "<svg");
  }

  @Test
  @Order(4)
  void thePictureOfAKillReachesFromTheDecisionToTheIdentityProvider() throws IOException {
    Path page = data.resolve("kill.html");

    told("trace", jti("exchange-killed"), "--html", page.toString());

    assertThat(Files.readString(page))
        .contains("exchange-killed", "event-received", "kill-step broker", "kill-step okta")
        .contains("kill-finished", "<circle class='killed' cx='1215'"); // the lane of the IdP
  }

  @Test
  @Order(2)
  void oneTraceOfOpenTelemetryJoinsTheBoxes() {
    LedgerRecord statement =
        ledger.stream()
            .filter(record -> record.event().equals("statement-run"))
            .findFirst()
            .orElseThrow();

    assertThat(ledger)
        .filteredOn(record -> record.traceId().equals(statement.traceId()))
        .extracting(LedgerRecord::box)
        .contains("gateway", "sts", "broker");
  }

  @Test
  @Order(4)
  void theCommandShowsWhatPeopleWereAsked() {
    String id =
        ledger.stream()
            .filter(record -> record.event().equals("approval-given"))
            .map(record -> record.data().path("approval_id").stringValue())
            .findFirst()
            .orElseThrow();

    assertThat(told("approvals", "list")).contains(id).contains("Refund 80.00 USD to case");
    assertThat(told("approvals", "show", id))
        .contains("Refund 80.00 USD to case", "emailotp to ", "•••@")
        .doesNotContain(codes.getFirst());
  }

  @Test
  @Order(4)
  void theCommandExplainsARealDecisionAndNamesTheSmallestChange() {
    String killed = told("policy", "explain", jti("exchange-killed"));
    assertThat(killed)
        .contains(
            "kill  " + jti("exchange-killed"), "refund-above-hard-cap", "caps.hard_cap = 200000")
        .contains("what would pass, the smallest change first")
        .containsPattern("request\\.operationDetails\\.instructedAmount\\.amount: [0-9]+ -> 200000")
        .doesNotContain("the rules alone come to");

    String asked =
        ledger.stream()
            .filter(record -> record.event().equals("approval-given"))
            .map(LedgerRecord::jti)
            .filter(jti ->
                ledger.stream()
                    .anyMatch(record ->
                        record.jti().equals(jti) && record.event().equals("exchange-permitted")))
            .findFirst()
            .orElseThrow();
    assertThat(told("policy", "explain", asked).split("step_up  " + asked, -1))
        .as("asked once, and decided again before the token left")
        .hasSizeGreaterThan(2);
    assertThat(told("policy", "explain", jti("exchange-permitted")))
        .contains("rules that matched")
        .doesNotContain("what would pass");
    assertThat(
            Main.run(
                "policy",
                "explain",
                "nothing",
                "--config",
                EXAMPLE.toString(),
                "--data",
                data.toString()))
        .isOne();
  }

  /// The first request that came to this and was never approved.
  private static String jti(String event) {
    return ledger.stream()
        .filter(record -> record.event().equals(event))
        .map(LedgerRecord::jti)
        .filter(jti ->
            ledger.stream()
                .noneMatch(record ->
                    record.jti().equals(jti) && record.event().equals("exchange-step-up")))
        .findFirst()
        .orElseThrow();
  }

  @Test
  @Order(4)
  void theCommandSuggestsPoliciesForATableAndAType() {
    assertThat(
            told(
                "rls",
                "suggest",
                "refunds",
                "refunds.refunds",
                "--for=insert",
                "--type=urn:smt:agent:refund",
                "--action=process_refund",
                "--match=case_id=operationDetails.creditorAccount.identification",
                "--match=currency=operationDetails.instructedAmount.currency",
                "--at-most=amount=operationDetails.instructedAmount.amount"))
        .contains(
            "FOR INSERT TO refunds_write",
            "amount <= (SELECT countersign.request_amount('urn:smt:agent:refund',"
                + " 'process_refund'))",
            "EXECUTE FUNCTION countersign.consume('jti', 'urn:smt:agent:refund',"
                + " 'process_refund')",
            "Already there: ");
    assertThat(
            told(
                "rls",
                "suggest",
                "refunds",
                "refunds.cases",
                "--for=read",
                "--type=urn:smt:agent:case",
                "--action=find_case"))
        .contains(
            "case_id = (SELECT countersign.request_text('operationDetails.caseId',"
                + " 'urn:smt:agent:case', 'find_case'))");
  }

  @Test
  @Order(4)
  void theCommandShowsAnEndedLeaseAndThatNothingIsLeft() {
    String lease =
        ledger.stream()
            .filter(record -> record.event().equals("lease-minted"))
            .map(record -> record.data().path("lease_id").stringValue())
            .findFirst()
            .orElseThrow();

    assertThat(told("leases", "--orphans"))
        .contains("0 logins that no lease accounts for", "0 leases that should be gone");
    assertThat(told("leases", "list")).contains("0 leases");
    assertThat(told("leases", "show", lease)).contains("login", "jti", "call finished");
  }

  @Test
  @Order(3)
  void clientsAndKeysAreManagedByCommandWhileTheServiceRuns() {
    try (House house = House.open(EXAMPLE, variables, CLOCK, _ -> {})) {
      String resource = house.installation().sts().clients().getFirst().audiences().getFirst();
      String added = told("client", "add", "case-api", "--secret", "--introspects", resource);
      String secret = added.substring(added.lastIndexOf(' ') + 1).strip();
      URI sts = house.installation().sts().issuer();

      assertThat(introspect(sts, secret)).contains("200", "{\"active\":false}");
      assertThat(introspect(sts, "x".repeat(43))).contains("401");
      assertThat(told("client", "list")).contains("case-api", "client_secret", "gateway");
      assertThat(told("client", "show", "case-api")).doesNotContain(secret).contains("pbkdf2");
      String rotated = told("client", "rotate", "case-api", "--secret", "--keep", "1h");
      String second = rotated.substring(rotated.lastIndexOf(' ') + 1).strip();
      until(() -> introspect(sts, second).contains("200"));
      assertThat(introspect(sts, secret)).as("the old one overlaps").contains("200");
      told("client", "remove", "case-api");
      until(() -> introspect(sts, second).contains("401"));

      assertThat(told("keys", "list")).contains("ES256", "signs since");
      assertThat(told("keys", "rotate")).contains("signs since", "signs from");
      assertThat(told("keys", "rotate", "--algorithm", "ES256", "--compromised"))
          .contains("signs since")
          .doesNotContain("signs from");
    }
  }

  private static void until(BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("within 30 seconds").isLessThan(end);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
    }
  }

  private static String introspect(URI sts, String secret) {
    var pair = ("case-api:" + secret).getBytes(StandardCharsets.UTF_8);
    var request =
        HttpRequest.newBuilder(sts.resolve("/oauth2/introspect"))
            .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(pair))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString("token=x"))
            .build();
    try (var http = HttpClient.newHttpClient()) {
      var answer = http.send(request, HttpResponse.BodyHandlers.ofString());
      return answer.statusCode() + " " + answer.body();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(interrupted);
    }
  }

  /// What a command prints; it must succeed.
  private static String told(String... arguments) {
    var all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--config", EXAMPLE.toString(), "--data", data.toString()));
    var screen = new ByteArrayOutputStream();
    PrintStream before = System.out;
    System.setOut(new PrintStream(screen, true, StandardCharsets.UTF_8));
    try {
      assertThat(Main.run(all.toArray(String[]::new))).isZero();
    } finally {
      System.setOut(before);
    }
    return screen.toString(StandardCharsets.UTF_8);
  }

  /// Every generated secret, as text, and the private part of every key.
  private static List<String> secrets() throws IOException {
    var secrets = new ArrayList<String>();
    try (Stream<Path> files = Files.list(data.resolve("secrets"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        secrets.add(Files.readString(file).strip());
      }
    }
    try (Stream<Path> files = Files.list(data.resolve("keys"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        secrets.add(StrictJson.parseObject(Files.readString(file)).path("d").stringValue());
      }
    }
    var spellings = new ArrayList<String>(secrets);
    for (String secret : secrets) {
      spellings.add(Base64.getEncoder().encodeToString(secret.getBytes(StandardCharsets.UTF_8)));
    }
    return spellings;
  }
}
