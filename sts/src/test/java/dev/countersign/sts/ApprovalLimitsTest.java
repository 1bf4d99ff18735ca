package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.FreePort;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Factor;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Form;
import dev.countersign.sts.World.Person;
import dev.countersign.sts.box.PolicyFiles;
import dev.countersign.sts.box.StsBox;
import dev.countersign.sts.stepup.Words;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is limited by the hour, what two replicas cannot do twice, and what a text cannot hide.
class ApprovalLimitsTest {
  private static final World WORLD =
      new World(
          World.settings(),
          World.stepUp(
              new StepUpSettings.Limits(
                  Duration.ofMinutes(5),
                  5,
                  100,
                  100,
                  Duration.ofMinutes(5),
                  10,
                  3,
                  Duration.ofHours(24)),
              List.of(Factor.EMAILOTP),
              null));

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @Test
  void G01_tenWrongCodesOfAPersonLockEveryApprovalForAnHour() {
    Person person = WORLD.person();
    for (int i = 0; i < 2; i++) {
      Answer stepUp = WORLD.exchange(person, 9_000 + i);
      Form form = WORLD.open(stepUp.text("approval_id"));
      String wrong = World.wrong(WORLD.codeFor(person));
      for (int tries = 0; tries < 5; tries++) {
        WORLD.submit(form, "approve", wrong);
      }
      assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("USER_DENIED");
    }
    Answer third = WORLD.exchange(person, 9_002);
    Form form = WORLD.open(third.text("approval_id"));

    Answer locked = WORLD.submit(form, "approve", WORLD.codeFor(person));

    assertThat(locked.status()).isEqualTo(429);
    assertThat(locked.body()).contains("too many wrong tries");
    assertThat(WORLD.verification(third).text("state")).isEqualTo("PENDING");
    WORLD.tick(Duration.ofMinutes(61));
    Answer later = WORLD.exchange(person, 9_003);
    assertThat(WORLD.approved(person, later)).isNotEmpty();
  }

  @Test
  void G07_aPersonGetsThreeCodesByMailAnHour() {
    Person person = WORLD.person();
    for (int i = 0; i < 3; i++) {
      assertThat(WORLD.exchange(person, 9_000 + i).text("scope")).isEqualTo("mfa_challenge");
    }

    Answer fourth = WORLD.exchange(person, 9_003);

    assertThat(fourth.status()).isEqualTo(400);
    assertThat(fourth.text("error_description")).contains("too many codes were sent there");
    assertThat(WORLD.mailsTo(person.mail())).hasSize(3);
    WORLD.tick(Duration.ofMinutes(61));
    assertThat(WORLD.exchange(person, 9_003).text("scope")).isEqualTo("mfa_challenge");
  }

  @Test
  void G09_twoReplicasCompleteOneApprovalOnce() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    int port = FreePort.any();
    try (var replica = WORLD.replica(port)) {
      Form form = WORLD.open(stepUp.text("approval_id"));
      String body =
          World.encoded(
              Map.of("csrf", form.csrf(), "action", "approve", "code", WORLD.codeFor(person)));
      var answers = new ArrayList<CompletableFuture<Answer>>();
      for (int i = 0; i < 8; i++) {
        String at = i % 2 == 0 ? WORLD.issuer : replica.baseUri().toString();
        answers.add(
            CompletableFuture.supplyAsync(() ->
                WORLD.sendTo(
                    URI.create(at + "/approve/" + form.approval()),
                    "POST",
                    body,
                    "Content-Type",
                    "application/x-www-form-urlencoded",
                    "Cookie",
                    form.cookie())));
      }
      assertThat(answers.stream().map(CompletableFuture::join).filter(a -> a.status() == 200))
          .hasSize(1);
      assertThat(WORLD.entries(LedgerEvent.APPROVAL_GIVEN, person.key())).hasSize(1);

      String assertion = WORLD.verification(stepUp).text("assertion");
      var redeemed = new ArrayList<CompletableFuture<Answer>>();
      for (int i = 0; i < 8; i++) {
        String at = i % 2 == 0 ? WORLD.issuer : replica.baseUri().toString();
        String form2 = World.encoded(WORLD.redeemForm(assertion, World.refund(9_000)));
        redeemed.add(
            CompletableFuture.supplyAsync(() ->
                WORLD.sendTo(
                    URI.create(at + "/oauth2/token"),
                    "POST",
                    form2,
                    "Content-Type",
                    "application/x-www-form-urlencoded")));
      }
      assertThat(redeemed.stream().map(CompletableFuture::join).filter(a -> a.status() == 200))
          .hasSize(1);
    }
  }

  @Test
  void G03_anotherRequestOnAnApprovalIsAnEventInTheLedger() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    String assertion = WORLD.approved(person, stepUp);

    Answer swapped = WORLD.post(WORLD.redeemForm(assertion, World.refund(900_000)));

    assertThat(swapped.status()).isEqualTo(400);
    var misused = WORLD.entries(LedgerEvent.APPROVAL_MISUSED, person.key()).getFirst();
    assertThat(misused.jti()).isEqualTo(stepUp.text("jti"));
    assertThat(misused.data().path("approval_id").stringValue())
        .isEqualTo(stepUp.text("approval_id"));
    assertThat(misused.data().path("reason").stringValue()).contains("not those");
    WORLD.post(WORLD.redeemForm(assertion, World.refund(900_001)));
    World.until(() -> !WORLD.transmitter.about(person.key()).isEmpty());
    var told = WORLD.transmitter.about(person.key());
    assertThat(told).as("once per approval").hasSize(1);
    assertThat(told.getFirst().path("txn").stringValue()).isEqualTo(stepUp.text("jti"));
    var event =
        told.getFirst()
            .path("events")
            .path("https://schemas.openid.net/secevent/caep/event-type/risk-level-change");
    assertThat(event.path("current_level").stringValue()).isEqualTo("MEDIUM");
    assertThat(event.path("principal").stringValue()).isEqualTo("USER");
    assertThat(event.path("reason_admin").path("en").stringValue()).contains("not those");
  }

  @Test
  void G04_aChangedAddressGetsNoCodeForADay() {
    Person person = WORLD.person();
    assertThat(WORLD.exchange(person, 9_000).text("scope")).isEqualTo("mfa_challenge");
    var changed = new Person(person.key(), person.id(), "new-" + person.mail());

    Answer tooNew = WORLD.exchange(changed, 9_001);

    assertThat(tooNew.text("error")).isEqualTo("access_denied");
    assertThat(tooNew.text("error_description")).contains("the address is new");
    assertThat(WORLD.mailsTo(changed.mail())).isEmpty();
    assertThat(WORLD.exchange(person, 9_002).text("scope"))
        .as("the known one")
        .isEqualTo("mfa_challenge");
    WORLD.tick(Duration.ofHours(25));
    assertThat(WORLD.exchange(changed, 9_003).text("scope")).isEqualTo("mfa_challenge");
    assertThat(WORLD.mailsTo(changed.mail())).hasSize(1);
  }

  @Test
  void G03_anApprovalEndsWithThePolicyThatAskedForIt() {
    try (World world = new World()) {
      Person person = world.person();
      String assertion = world.approved(person, world.exchange(person, 9_000));
      int port = FreePort.any();
      String changed = World.policy().replaceFirst("reason: ", "reason: changed, ");
      assertThat(changed).isNotEqualTo(World.policy());

      try (var replica = world.replica(port, changed)) {
        Answer refused =
            world.sendTo(
                URI.create(replica.baseUri() + "/oauth2/token"),
                "POST",
                World.encoded(world.redeemForm(assertion, World.refund(9_000))),
                "Content-Type",
                "application/x-www-form-urlencoded");

        assertThat(refused.text("error")).isEqualTo("invalid_grant");
        assertThat(refused.text("error_description")).contains("has changed since the approval");
      }
    }
  }

  @Test
  void D19_anApprovalEndsWithTheVersionOfTheTypeThatItIsAbout(@TempDir Path folder)
      throws IOException {
    try (World world = new World()) {
      Person person = world.person();
      String assertion = world.approved(person, world.exchange(person, 9_000));
      var exchange = world.exchangeForm(world.token(person), World.refund(9_001));
      exchange.put("client_assertion", world.assertion("standard"));
      String id = world.post(exchange).text("auth_req_id");
      world.answerOnPage(id, "approve", world.codeFor(person));
      Files.copy(World.file("policy.yaml"), folder.resolve("policy.yaml"));
      Files.writeString(
          folder.resolve("types.yaml"),
          Files.readString(World.file("types.yaml"))
              .replaceFirst(
                  "- name: urn:smt:agent:refund\n",
                  "- name: urn:smt:agent:refund\n    version: 2\n"));
      var files = PolicyFiles.of(folder.resolve("policy.yaml"), folder.resolve("types.yaml"));

      try (var replica = world.replica(FreePort.any(), DecisionSettings.none(), files)) {
        Answer redeemed =
            world.post(replica.baseUri(), world.redeemForm(assertion, World.refund(9_000)));
        var poll = new LinkedHashMap<String, String>();
        poll.put("grant_type", TokenTypes.CIBA_GRANT);
        poll.put("client_assertion_type", TokenTypes.JWT_CLIENT_ASSERTION);
        poll.put("client_assertion", world.assertion("standard"));
        poll.put("auth_req_id", id);
        Answer polled = world.post(replica.baseUri(), poll);

        for (Answer refused : List.of(redeemed, polled)) {
          assertThat(refused.text("error")).as(refused.body()).isEqualTo("invalid_grant");
          assertThat(refused.text("error_description"))
              .contains("the definition of a type, has changed since the approval");
        }
      }
    }
  }

  @Test
  void anOperatorWithdrawsWhatWasGivenButNotUsedYet() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    String assertion = WORLD.approved(person, stepUp);
    var desk = StsBox.approvals(WORLD.database, WORLD.ledger::add, WORLD.clock);

    assertThat(desk.withdraw(stepUp.text("approval_id"), "an operator withdrew it")).isTrue();
    assertThat(desk.withdraw(stepUp.text("approval_id"), "an operator withdrew it")).isFalse();

    Answer refused = WORLD.post(WORLD.redeemForm(assertion, World.refund(9_000)));
    assertThat(refused.text("error")).isEqualTo("invalid_grant");
    assertThat(WORLD.entries(LedgerEvent.APPROVAL_WITHDRAWN, person.key())).hasSize(1);
    assertThat(desk.list(person.key(), 10)).hasSize(1);
  }

  @Test
  void G08_lettersOfAnotherAlphabetAreTold() {
    assertThat(Words.isMixed("Refund 80.00 USD to Pаypal")).isTrue(); // Cyrillic а
    assertThat(Words.isMixed("Pay ехсосо")).isTrue(); // wholly Cyrillic, looks Latin
    assertThat(Words.isMixed("Pay Acme GmbH, München, 東京タワー, Κώστας, Иван")).isFalse();
  }

  @Test
  void G08_aTextThatIsTooLongSaysSo() {
    assertThat(Words.plain("x".repeat(601))).endsWith("… (cut: too long to show)");
    assertThat(Words.plain("x".repeat(600))).endsWith("x");
  }
}
