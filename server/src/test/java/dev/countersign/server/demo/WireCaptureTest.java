package dev.countersign.server.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.agent.CallOutcome;
import dev.countersign.agent.McpClient;
import dev.countersign.agent.http.HttpTransport;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.House;
import dev.countersign.server.Main;
import dev.countersign.server.prove.Workload;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// A whole installation with a recorder before its gateway and its token service: what the agent,
/// its model and the gateway get of an approval, and how an operator withdraws one.
class WireCaptureTest {
  private static final InstantSource CLOCK = InstantSource.system();
  private static final WireClient WIRE = new WireClient();
  private static final Pattern TOKEN =
      Pattern.compile("\"(?:access_token|assertion)\"\\s*:\\s*\"([^\"]+)\"");
  private static final Pattern CODE_IN_MAIL = Pattern.compile("Your code: ([0-9]{6})");

  @TempDir static Path folder = Path.of("");

  private static @Nullable Scene opened;

  private record Scene(TappedExample example, House house, Cast cast) {
    Tap agents() {
      return example.agents();
    }

    Tap tokens() {
      return example.tokens();
    }
  }

  @BeforeAll
  static void open() {
    var example =
        new TappedExample(
            folder,
            text ->
                text.replace(
                    "label: The refunds agent\n",
                    "label: The refunds agent\n      submits-codes: true\n"));
    House house = example.open(CLOCK, Map.of());
    opened = new Scene(example, house, Performance.okta(house));
  }

  @AfterAll
  static void close() {
    scene().house().close();
    scene().example().close();
    EmbeddedPostgres.delete(scene().example().data()); // as root the cluster lies elsewhere
  }

  private static Scene scene() {
    return Objects.requireNonNull(opened);
  }

  @Test
  void G05_G06_noByteOnTheWireOfAgentModelOrGatewayHoldsTheCode() {
    Secret bearer = signIn();
    var agent =
        new McpClient(new HttpTransport(scene().house().installation().gateway().resource()));
    ObjectNode arguments = StrictJson.object();
    arguments.put("case_id", scene().cast().cases().steppedUp());
    arguments.put("amount_cents", 8_000).put("currency", "USD");
    int mails = mailbox().count();

    CallOutcome asked = agent.callTool(bearer, "process_refund", arguments);
    var approval = (CallOutcome.ApprovalRequired) asked;
    CallOutcome still = agent.callTool(bearer, "process_refund", arguments);
    String code = codeOf(mails);
    answer(approval.url(), code);
    CallOutcome done = agent.callTool(bearer, "process_refund", arguments);

    assertThat(done).isInstanceOf(CallOutcome.Done.class);
    String read = asked + "\n" + still + "\n" + done;
    String withAgents = scene().agents().programs();
    String withTokens = scene().tokens().programs();
    assertThat(withAgents).contains("process_refund", approval.url().getPath());
    assertThat(withTokens).contains("mfa_challenge", "VERIFY_SUCCESS", "POST /oauth2/token");
    assertThat(scene().tokens().people()).as("where the person typed it").containsPattern(code);
    for (Pattern spelling : Spellings.ofCode(code)) {
      assertThat(read).as("what the model reads").doesNotContainPattern(spelling);
      assertThat(withAgents).as("gateway and agent").doesNotContainPattern(spelling);
      assertThat(withTokens).as("gateway and token service").doesNotContainPattern(spelling);
    }
    List<String> secrets =
        TOKEN.matcher(withTokens).results().map(token -> token.group(1)).distinct().toList();
    assertThat(secrets).as("challenge, assertion and token").hasSizeGreaterThanOrEqualTo(3);
    for (String secret : secrets) {
      String proof = secret.substring(secret.lastIndexOf('.') + 1);
      assertThat(withAgents + read).doesNotContain(proof);
    }
  }

  @Test
  void aClientOfTheOlderFormPassesTheCodeOnAndTheRecorderHearsIt() {
    Workload client = olderClient();
    var details = details(scene().cast().cases().stolen(), 8_100);
    int mails = mailbox().count();
    ObjectNode stepUp = exchange(client, details);
    String code = codeOf(mails);
    URI address =
        sts("/v2.0/factors/emailotp/transient/verifications/")
            .resolve(stepUp.path("approval_id").stringValue() + "?returnJwt=true");

    var verified =
        WIRE.send(
            "POST",
            address,
            Map.of(
                "Authorization",
                "Bearer " + stepUp.path("access_token").stringValue(),
                "Content-Type",
                "application/json"),
            StrictJson.write(StrictJson.object().put("otp", code)),
            Duration.ofSeconds(30));

    assertThat(verified.status()).isEqualTo(200);
    assertThat(scene().tokens().programs()).containsPattern(Spellings.ofCode(code).getFirst());
    assertThat(scene().agents().programs())
        .doesNotContainPattern(Spellings.ofCode(code).getFirst());
  }

  @Test
  void G08_whoeverRidesOnAnApprovalIsWarnedOfAndEndsNobodysSessions() {
    Workload client = olderClient();
    var details = details(scene().cast().cases().direct(), 8_300);
    Approved given = approved(client, details);
    String jti = given.jti();

    var swapped =
        client.secondLeg(
            given.assertion(), "refund:write", details(scene().cast().cases().direct(), 8_301));

    assertThat(swapped.status()).isEqualTo(400);
    assertThat(awaited(jti, "event-accepted")).as("accepted by our own transmitter").isTrue();
    assertThat(awaited(jti, "event-received")).as("and delivered to our receiver").isTrue();
    assertThat(scene().house().ledger().trace(jti))
        .extracting(record -> record.event())
        .doesNotContain("sessions-ended", "kill-finished");
    assertThat(client.secondLeg(given.assertion(), "refund:write", details).status())
        .as("the person's own request still goes through")
        .isEqualTo(200);
  }

  private static boolean awaited(String jti, String event) {
    for (int i = 0; i < 600; i++) {
      if (scene().house().ledger().trace(jti).stream()
          .anyMatch(record -> record.event().equals(event))) {
        return true;
      }
      LockSupport.parkNanos(50_000_000);
    }
    return false;
  }

  @Test
  void anOperatorListsShowsAndWithdrawsAnApprovalThatWasGiven() {
    Workload client = olderClient();
    var details = details(scene().cast().cases().direct(), 8_200);
    Approved given = approved(client, details);
    String id = given.id();

    assertThat(command("approvals", "list")).contains(id).contains("approved", "82.00 USD");
    assertThat(command("approvals", "list", "--subject", "okta|nobody"))
        .contains("Nobody was asked anything.");
    assertThat(command("approvals", "show", id))
        .contains("82.00 USD", "emailotp to ", "•••@", "approved")
        .doesNotContain(given.code())
        .doesNotContain(scene().cast().low().mail());
    assertThat(command("approvals", "show", "made-up")).contains("There is no such approval.");
    assertThat(command("approvals", "withdraw", id)).contains("Withdrawn.");
    assertThat(command("approvals", "withdraw", id)).contains("nothing to withdraw");

    assertThat(open(sts("/approve/" + id)).html())
        .contains("<h1>Cancelled</h1>", "withdrawn")
        .doesNotContain("name=\"code\"");
    var refused = client.secondLeg(given.assertion(), "refund:write", details);
    assertThat(refused.status()).isEqualTo(400);
    assertThat(StrictJson.parseObject(refused.body()).path("error").stringValue())
        .isEqualTo("invalid_grant");
    assertThat(command("approvals", "show", id)).contains("cancelled");
    assertThat(scene().house().ledger().trace(given.jti()))
        .extracting(record -> record.event())
        .contains("approval-given", "approval-withdrawn")
        .doesNotContain("exchange-permitted");
  }

  private static Secret signIn() {
    Cast cast = scene().cast();
    return new SignIn(cast.issuer(), cast.clientId(), Story.REDIRECT, cast.scope())
        .with(new Browser(), WIRE, cast.low().username(), cast.password())
        .accessToken();
  }

  private static Workload olderClient() {
    var installation = scene().house().installation();
    return new Workload(
        WIRE,
        "agent",
        installation.keys().own("agent"),
        installation.sts().issuer(),
        installation.broker().orElseThrow().baseUri(),
        CLOCK);
  }

  private static AuthorizationDetails details(String kase, long cents) {
    return AuthorizationDetails.parse(
        """
        [{"type":"urn:smt:agent:refund","operationDetails":{"action":"process_refund",
          "instructedAmount":{"currency":"USD","amount":%d},
          "creditorAccount":{"identification":"%s"}}}]
        """
            .formatted(cents, kase));
  }

  private static ObjectNode exchange(Workload client, AuthorizationDetails details) {
    return StrictJson.parseObject(
        client.exchange(signIn(), scene().cast().tokenType(), "refund:write", details).body());
  }

  /// Asks for something that needs an approval, and gives it.
  private static Approved approved(Workload client, AuthorizationDetails details) {
    int mails = mailbox().count();
    ObjectNode stepUp = exchange(client, details);
    String id = stepUp.path("approval_id").stringValue();
    String code = codeOf(mails);
    assertThat(answer(sts("/approve/" + id), code).html()).contains("Approved");
    var challenge = new Secret(stepUp.path("access_token").stringValue());
    String assertion = client.approval(id, challenge).path("assertion").stringValue();
    return new Approved(id, stepUp.path("jti").stringValue(), code, new Secret(assertion));
  }

  private record Approved(String id, String jti, String code, Secret assertion) {}

  private static URI sts(String path) {
    return scene().house().installation().sts().issuer().resolve(path);
  }

  private static Mailbox mailbox() {
    return scene().house().mailbox().orElseThrow();
  }

  /// The code in the mail that came after the first ones; it is sent before the answer.
  private static String codeOf(int mailsBefore) {
    String text = mailbox().newest(scene().cast().low().mail(), mailsBefore).orElseThrow().text();
    var code = CODE_IN_MAIL.matcher(text);
    assertThat(code.find()).as("a code in the mail").isTrue();
    return code.group(1);
  }

  private static Browser.Page open(URI page) {
    return open(new Browser(), page);
  }

  private static Browser.Page open(Browser browser, URI page) {
    Cast cast = scene().cast();
    String id = page.getPath().substring(page.getPath().lastIndexOf('/') + 1);
    Browser.Page login =
        browser.open(page.resolve("/approve/sign-in/" + cast.anchor() + "?to=" + id), "");
    return browser.submit(
        login, Map.of("username", cast.low().username(), "password", cast.password().reveal()), "");
  }

  private static Browser.Page answer(URI page, String code) {
    var browser = new Browser();
    Browser.Page shown = open(browser, page);
    return browser.submit(shown, Map.of("code", code, "action", "approve"), "");
  }

  private static synchronized String command(String... arguments) {
    var all = new ArrayList<>(List.of(arguments));
    all.addAll(
        List.of(
            "--config",
            scene().example().config().toString(),
            "--data",
            scene().example().data().toString()));
    var screen = new ByteArrayOutputStream();
    PrintStream before = System.out;
    System.setOut(new PrintStream(screen, true, StandardCharsets.UTF_8));
    try {
      Main.run(all.toArray(String[]::new));
    } finally {
      System.setOut(before);
    }
    return screen.toString(StandardCharsets.UTF_8);
  }
}
