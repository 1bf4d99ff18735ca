package dev.countersign.server.demo;

import dev.countersign.agent.CallOutcome;
import dev.countersign.agent.McpClient;
import dev.countersign.agent.ToolList;
import dev.countersign.agent.http.HttpTransport;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.House;
import dev.countersign.server.Trace;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import tools.jackson.databind.node.ObjectNode;

/// The refunds story with one identity provider, over the real sockets of the running boxes. Every
/// printed step happened; a step with another outcome than the story expects is shown as such.
final class Story {
  /// The redirect address that the story's public client is registered with.
  static final String REDIRECT = "http://127.0.0.1/demo";

  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration PAUSE = Duration.ofMillis(50);
  private static final int EIGHTY = 8_000;
  private static final int ABOVE_HARD_CAP = 500_000;

  private final House house;
  private final Cast cast;
  private final Stage stage;
  private final InstantSource clock;
  private final WireClient wire = new WireClient();
  private final McpClient agent;
  private final SignIn signIn;
  private String tracedJti = "";

  Story(House house, Cast cast, Stage stage, InstantSource clock) {
    this.house = house;
    this.cast = cast;
    this.stage = stage;
    this.clock = clock;
    this.agent = new McpClient(new HttpTransport(house.installation().gateway().resource()));
    this.signIn = new SignIn(cast.issuer(), cast.clientId(), REDIRECT, cast.scope());
  }

  /// Plays it.
  void play() {
    stage.chapter("People sign in at " + cast.provider());
    SignIn.Session high = enter(cast.high(), "may refund up to 500.00 alone");
    SignIn.Session low = enter(cast.low(), "may refund up to 50.00 alone");
    tools(high.accessToken());
    permitted(high.accessToken());
    steppedUp(low.accessToken());
    denied(high.accessToken());
    var attacks = new Attacks(house, cast, stage, clock, wire);
    attacks.forgedTokens(high.accessToken(), agent);
    attacks.otherRequestOnAnApproval(low.accessToken(), this::typeCode);
    attacks.stolenLogin(high.accessToken());
    kill(low);
    trace();
  }

  private SignIn.Session enter(Cast.Someone person, String what) {
    SignIn.Session session = signIn.with(new Browser(), wire, person.username(), cast.password());
    stage.allowed(
        cast.anchor(),
        person.name() + " signed in (code + PKCE, on the provider's own page) and " + what);
    return session;
  }

  private void tools(Secret bearer) {
    if (agent.listTools(bearer) instanceof ToolList.Listed(var tools)) {
      stage.allowed(
          "gateway",
          "offers the agent "
              + tools.size()
              + " tools: "
              + String.join(", ", tools.stream().map(tool -> tool.name()).toList()));
    } else {
      stage.wrong("gateway", "did not list its tools");
    }
  }

  private void permitted(Secret bearer) {
    stage.scene(
        cast.high().name() + "'s agent refunds 80.00 for case " + cast.cases().direct() + ".");
    CallOutcome outcome = refund(bearer, cast.cases().direct(), EIGHTY);
    if (outcome instanceof CallOutcome.Done done) {
      String jti = jti(done);
      stage.allowed("sts", "permitted it: " + rules(jti));
      stage.allowed("broker", "minted a login for this one request, and dropped it again");
      stage.allowed("database", "wrote one row: " + StrictJson.write(done.structured()));
      stage.note("jti " + jti);
    } else {
      unexpected("gateway", outcome);
    }
  }

  private void steppedUp(Secret bearer) {
    stage.scene(cast.low().name() + "'s agent asks for 80.00 too, but the limit is 50.00.");
    String caseId = cast.cases().steppedUp();
    int mails = mailbox().count();
    CallOutcome first = refund(bearer, caseId, EIGHTY);
    if (!(first instanceof CallOutcome.ApprovalRequired approval)) {
      unexpected("sts", first);
      return;
    }
    stage.waiting("sts", "wants " + cast.low().name() + " to approve exactly this on its own page");
    CallOutcome still = refund(bearer, caseId, EIGHTY);
    stage.check(
        still instanceof CallOutcome.ApprovalRequired && mailbox().count() <= mails + 1,
        true,
        "sts",
        "calling again without the approval changes nothing, and sends no second mail");
    typeCode(approval.url(), mails);
    CallOutcome outcome = refund(bearer, caseId, EIGHTY);
    if (outcome instanceof CallOutcome.Done done) {
      tracedJti = jti(done);
      stage.allowed("gateway", "the same call now goes through; one row, one jti");
      stage.note("jti " + tracedJti);
    } else {
      unexpected("gateway", outcome);
    }
  }

  /// The person reads the mail and types its code on the approval page.
  private void typeCode(URI page, int mailsBefore) {
    Optional<Mailbox.Mail> mail = await(() -> mailbox().newest(cast.low().mail(), mailsBefore));
    Matcher code = Mailbox.CODE.matcher(mail.map(Mailbox.Mail::text).orElse(""));
    if (!code.find()) {
      stage.wrong("sts", "sent no mail with a code");
      return;
    }
    stage.note("mail to " + cast.low().mail() + ": " + mail.map(Mailbox.Mail::subject).orElse(""));
    enterCode(page, code.group(1));
    stage.allowed(
        "person",
        cast.low().name()
            + " signs in to the page, reads the mail and types its code; the agent never sees it");
  }

  private void enterCode(URI page, String code) {
    stage.check(
        !new Browser().open(page, "").html().contains("name=\"code\""),
        true,
        "sts",
        "shows the request to nobody who has not signed in as its person");
    var browser = new Browser();
    String id = page.getPath().substring(page.getPath().lastIndexOf('/') + 1);
    Browser.Page login =
        browser.open(page.resolve("/approve/sign-in/" + cast.anchor() + "?to=" + id), "");
    Browser.Page approval =
        browser.submit(
            login,
            Map.of("username", cast.low().username(), "password", cast.password().reveal()),
            "");
    browser.submit(approval, Map.of("code", code, "action", "approve"), "");
  }

  private void denied(Secret bearer) {
    stage.scene("The agent tries to export all customers.");
    CallOutcome outcome = agent.callTool(bearer, "export_customers", StrictJson.object());
    stage.check(
        outcome instanceof CallOutcome.Denied,
        true,
        "sts",
        outcome instanceof CallOutcome.Denied denied
            ? "denied it: " + why(denied)
            : "did not deny it");
  }

  private void kill(SignIn.Session victim) {
    stage.scene(
        cast.low().name() + "'s agent goes wild and asks for 5,000.00, above the hard cap.");
    CallOutcome outcome = refund(victim.accessToken(), cast.cases().steppedUp(), ABOVE_HARD_CAP);
    if (!(outcome instanceof CallOutcome.Denied denied)) {
      unexpected("sts", outcome);
      return;
    }
    stage.refused("sts", "denied it and ended the person's sessions: " + why(denied));
    CallOutcome next = agent.callTool(victim.accessToken(), "list_cases", StrictJson.object());
    stage.check(
        next instanceof CallOutcome.SignInRequired,
        true,
        "gateway",
        "the very next call, a harmless one, got 401: sign in again");
    stage.check(
        userinfo(victim.accessToken()) == 401, true, "sts", "userinfo answers 401 from now on");
    Optional<LedgerRecord> finished =
        await(() ->
            house.ledger().trace(denied.jti()).stream()
                .filter(record -> record.event().equals("kill-finished"))
                .findFirst());
    if (finished.isEmpty()) {
      stage.wrong("receiver", "did not finish the kill within 20 seconds");
      return;
    }
    stopwatch(denied.jti());
    stage.check(
        !signIn.isAlive(wire, victim.refreshToken()),
        true,
        cast.anchor(),
        "the refresh token is dead at the identity provider (" + cast.revocation() + ")");
  }

  private void stopwatch(String jti) {
    List<LedgerRecord> records = house.ledger().trace(jti);
    LedgerRecord decided =
        records.stream()
            .filter(record -> record.event().equals("exchange-killed"))
            .findFirst()
            .orElse(records.getFirst());
    for (LedgerRecord record : records) {
      if (record.event().equals("kill-step")) {
        long millis = Duration.between(decided.at(), record.at()).toMillis();
        stage.allowed(
            "receiver",
            record.data().path("handler").asString("")
                + ": "
                + record.data().path("outcome").asString("")
                + " after "
                + millis
                + " ms");
      }
    }
  }

  private void trace() {
    stage.scene("One jti, from the person's token to the dropped login:");
    List<LedgerRecord> records = house.ledger().trace(tracedJti);
    if (records.isEmpty()) {
      stage.wrong("ledger", "knows nothing of the approved refund");
      return;
    }
    new Trace(stage.isColoured()).of(tracedJti, records).lines().forEach(stage::line);
  }

  private CallOutcome refund(Secret bearer, String caseId, int cents) {
    ObjectNode arguments = StrictJson.object();
    arguments.put("case_id", caseId).put("amount_cents", cents).put("currency", "USD");
    return agent.callTool(bearer, "process_refund", arguments);
  }

  private int userinfo(Secret bearer) {
    URI address = house.installation().sts().issuer().resolve("/oauth2/userinfo");
    return wire.get(
            address, Map.of("Authorization", "Bearer " + bearer.reveal()), Duration.ofSeconds(5))
        .status();
  }

  private String rules(String jti) {
    return house.ledger().trace(jti).stream()
        .filter(record -> record.event().equals("exchange-permitted"))
        .map(record -> record.data().path("matches").path(0).path("rule").asString(""))
        .findFirst()
        .map(rule -> "rule " + rule)
        .orElse("");
  }

  private static String why(CallOutcome.Denied denied) {
    return denied.reasons().isEmpty() ? denied.reason() : String.join("; ", denied.reasons());
  }

  private static String jti(CallOutcome.Done done) {
    return done.diagnostics().path("dev.countersign/jti").asString("");
  }

  private void unexpected(String who, CallOutcome outcome) {
    stage.wrong(who, "answered " + outcome);
  }

  private Mailbox mailbox() {
    return house.mailbox().orElseThrow();
  }

  private <T> Optional<T> await(Supplier<Optional<T>> look) {
    var end = clock.instant().plus(PATIENCE);
    Optional<T> found = look.get();
    while (found.isEmpty() && clock.instant().isBefore(end)) {
      try {
        Thread.sleep(PAUSE);
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        return Optional.empty();
      }
      found = look.get();
    }
    return found;
  }
}
