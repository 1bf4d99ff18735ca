package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.FreePort;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.ReplayGuard;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

class KillTest {
  private static final World WORLD = new World();
  private static final long OVER_CAP = 200_001;
  private static final String SESSION_REVOKED =
      "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @Test
  void oneRequestOverTheCapEndsEverySession() {
    Person person = WORLD.person();
    String before = WORLD.exchange(person, 100).text("access_token");

    Answer killed = WORLD.exchange(person, OVER_CAP);

    assertThat(killed.status()).isEqualTo(400);
    assertThat(killed.text("error")).isEqualTo("access_denied");
    assertThat(killed.json().path("reasons").get(0).stringValue()).contains("ever ask for");
    assertLockedOut(person, before);
    var entry = WORLD.entries(LedgerEvent.EXCHANGE_KILLED, person.key()).getFirst();
    assertThat(entry.jti()).isEqualTo(killed.text("jti"));
  }

  @Test
  void theTransmitterIsToldOnceWithTheJoinKey() {
    Person person = WORLD.person();

    Answer killed = WORLD.exchange(person, OVER_CAP);

    await(() -> !WORLD.transmitter.about(person.key()).isEmpty());
    ObjectNode event = WORLD.transmitter.about(person.key()).getFirst();
    assertThat(event.path("txn").stringValue()).isEqualTo(killed.text("jti"));
    assertThat(event.path("sub_id").path("format").stringValue()).isEqualTo("iss_sub");
    assertThat(event.path("sub_id").path("iss").stringValue()).isEqualTo(WORLD.issuer);
    var body = event.path("events").path(SESSION_REVOKED);
    assertThat(body.path("event_timestamp").longValue())
        .isEqualTo(WORLD.now.get().getEpochSecond());
    assertThat(body.path("initiating_entity").stringValue()).isEqualTo("policy");
    assertThat(body.path("reason_admin").path("en").stringValue()).isNotEmpty();
    assertThat(WORLD.transmitter.about(person.key())).hasSize(1);
    ReplayGuard first = (_, _, _) -> true;
    assertThat(
            new PresenterAssertion.Checker(
                    Set.of(WORLD.transmitter.address().toString()),
                    Map.of("sts", World.keys(WORLD.stsWorkload)),
                    first,
                    WORLD.clock)
                .check(WORLD.transmitter.presenters.getLast()))
        .isEqualTo(new PresenterAssertion.Result.Presenter("sts"));
  }

  @Test
  void threeDenialsWithinFiveMinutesAreAKill() {
    Person person = WORLD.person();
    String before = WORLD.exchange(person, 100).text("access_token");
    for (int i = 0; i < 2; i++) {
      deny(person, 9_000 + i);
      assertThat(WORLD.userInfo(before).status()).isEqualTo(200);
    }

    deny(person, 9_002);

    assertLockedOut(person, before);
    assertThat(WORLD.entries(LedgerEvent.APPROVAL_DENIED, person.key())).hasSize(3);
    assertThat(WORLD.entries(LedgerEvent.EXCHANGE_KILLED, person.key())).hasSize(1);
    await(() -> WORLD.transmitter.about(person.key()).size() == 1);
    assertThat(
            WORLD
                .transmitter
                .about(person.key())
                .getFirst()
                .path("events")
                .path(SESSION_REVOKED)
                .path("initiating_entity")
                .stringValue())
        .isEqualTo("user");
  }

  @Test
  void threeDenialsInMoreThanFiveMinutesAreNone() {
    Person person = WORLD.person();
    deny(person, 9_000);
    WORLD.tick(Duration.ofMinutes(3));
    deny(person, 9_001);
    WORLD.tick(Duration.ofMinutes(3));
    deny(person, 9_002);

    assertThat(WORLD.exchange(person, 100).status()).isEqualTo(200);
  }

  @Test
  void anApprovalClearsTheStrikes() {
    Person person = WORLD.person();
    deny(person, 9_000);
    deny(person, 9_001);
    WORLD.approved(person, WORLD.exchange(person, 9_002));
    deny(person, 9_003);

    assertThat(WORLD.exchange(person, 100).status()).isEqualTo(200);
  }

  @Test
  void aDenialByPolicyIsNoStrike() {
    Person person = WORLD.person();
    for (int i = 0; i < 4; i++) {
      WORLD.post(
          WORLD.exchangeForm(
              WORLD.token(person),
              "[{\"type\":\"urn:smt:agent:case\",\"operationDetails\":{\"action\":\"export_customers\"}}]"));
    }

    assertThat(WORLD.exchange(person, 100).status()).isEqualTo(200);
  }

  @Test
  void J06_blockedCallsEndTheSessionsOnlyWhereThatIsConfigured() {
    int port = FreePort.any();
    var settings =
        new DecisionSettings(
            Map.of(),
            Map.of(),
            java.util.Optional.empty(),
            Map.of(),
            java.util.Optional.of(new DecisionSettings.Blocked(3, Duration.ofMinutes(5))),
            java.util.Optional.empty());
    var policy =
        dev.countersign.policy.Policy.load(
            World.file("policy.yaml"),
            dev.countersign.policy.TypeRegistry.load(World.file("types.yaml")));
    try (var replica =
        WORLD.replica(port, settings, dev.countersign.sts.box.PolicyFiles.fixed(policy))) {
      Person person = WORLD.person();
      String before = WORLD.exchange(person, 100).text("access_token");
      blocked(replica.baseUri(), person);
      blocked(replica.baseUri(), person);
      WORLD.tick(Duration.ofMinutes(6)); // the first two lie outside the window by now
      blocked(replica.baseUri(), person);
      blocked(replica.baseUri(), person);
      assertThat(WORLD.exchange(person, 100).status()).isEqualTo(200);

      blocked(replica.baseUri(), person);

      assertThat(WORLD.exchange(person, 100).status()).isEqualTo(400);
      assertThat(WORLD.userInfo(before).status()).isEqualTo(401);
      assertThat(WORLD.entries(LedgerEvent.EXCHANGE_KILLED, person.key())).hasSize(1);
    }
  }

  private static void blocked(java.net.URI replica, Person person) {
    WORLD.post(
        replica,
        WORLD.exchangeForm(
            WORLD.token(person),
            "[{\"type\":\"urn:smt:agent:case\",\"operationDetails\":{\"action\":\"export_customers\"}}]"));
  }

  @Test
  void whatComesLateLocksOutNobodyWhoHasSignedInSince() {
    Person person = WORLD.person();
    String at = WORLD.now.get().minus(Duration.ofMinutes(30)).toString();

    assertThat(
            WORLD.endSessions(person.key(), "txn-late", WORLD.receiverKey, "receiver", at).status())
        .isEqualTo(204);

    assertThat(WORLD.exchange(person, 100).status()).isEqualTo(200);
    assertThat(
            WORLD
                .endSessions(person.key(), "txn-bad", WORLD.receiverKey, "receiver", "noon")
                .status())
        .isEqualTo(400);
    String justNow = WORLD.now.get().minusSeconds(90).toString();
    WORLD.endSessions(person.key(), "txn-now", WORLD.receiverKey, "receiver", justNow);
    assertThat(WORLD.exchange(person, 100).status()).isEqualTo(400);
  }

  @Test
  void J18_noTokenOfAnyReplicaOutlivesAKillThatComesMeanwhile() throws Exception {
    int port = FreePort.any();
    try (var replica = WORLD.replica(port)) {
      Person person = WORLD.person();
      var tokens = new java.util.concurrent.ConcurrentLinkedQueue<String>();
      var running = new java.util.concurrent.atomic.AtomicBoolean(true);
      var threads = new java.util.ArrayList<Thread>();
      for (int i = 0; i < 6; i++) {
        boolean isHere = i % 2 == 0;
        threads.add(
            Thread.ofVirtual()
                .start(() -> {
                  while (running.get()) {
                    var form = WORLD.exchangeForm(WORLD.token(person), World.refund(100));
                    Answer answer = isHere ? WORLD.post(form) : WORLD.post(replica.baseUri(), form);
                    if (answer.status() == 200) {
                      tokens.add(answer.text("access_token"));
                    }
                  }
                }));
      }
      World.until(() -> tokens.size() > 12);
      WORLD.exchange(person, OVER_CAP);

      var form = WORLD.exchangeForm(WORLD.token(person), World.refund(100));
      assertThat(WORLD.post(replica.baseUri(), form).status())
          .as("the other replica")
          .isEqualTo(400);
      assertThat(WORLD.exchange(person, 100).status()).isEqualTo(400);
      running.set(false);
      for (Thread thread : threads) {
        thread.join();
      }
      for (String token : tokens) {
        assertThat(WORLD.userInfo(token).status()).isEqualTo(401);
      }
    }
  }

  @Test
  void theFirstRefusalAfterAKillIsToldOnceUnderItsTransaction() {
    Person person = WORLD.person();
    String before = WORLD.exchange(person, 100).text("access_token");
    String txn = WORLD.exchange(person, OVER_CAP).text("jti");

    WORLD.userInfo(before);
    WORLD.userInfo(before);

    assertThat(WORLD.entries(LedgerEvent.KILL_SEEN, person.key()))
        .singleElement()
        .satisfies(entry -> assertThat(entry.jti()).isEqualTo(txn));
  }

  @Test
  void parallelDenialsAreEachCounted() {
    Person person = WORLD.person();
    String before = WORLD.exchange(person, 100).text("access_token");
    var forms =
        java.util.stream.IntStream.range(0, 3)
            .mapToObj(i -> WORLD.open(WORLD.exchange(person, 9_000 + i).text("approval_id")))
            .toList();
    var next = new java.util.concurrent.atomic.AtomicInteger();

    StepUpTest.together(3, () -> WORLD.submit(forms.get(next.getAndIncrement()), "deny", ""));

    assertLockedOut(person, before);
  }

  @Test
  void oneSuspiciousAnswerIsAKill() {
    Person person = WORLD.person();
    String before = WORLD.exchange(person, 100).text("access_token");
    Answer other = WORLD.exchange(person, 9_001);
    String otherCode = WORLD.codeFor(person);
    var otherForm = WORLD.open(other.text("approval_id"));
    Answer stepUp = WORLD.exchange(person, 9_000);

    Answer page = WORLD.answerOnPage(stepUp.text("approval_id"), "suspicious", "");

    assertThat(page.body()).contains("Reported as suspicious");
    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("USER_FRAUDULENT");
    assertLockedOut(person, before);
    assertThat(WORLD.submit(otherForm, "approve", otherCode).status()).isEqualTo(403);
    assertThat(WORLD.verification(other).text("state")).isEqualTo("EXPIRED");
    await(() -> WORLD.transmitter.about(person.key()).size() == 1);
  }

  @Test
  void anApprovalGivenBeforeAKillIsVoidAfterIt() {
    Person person = WORLD.person();
    String assertion = WORLD.approved(person, WORLD.exchange(person, 9_000));
    WORLD.exchange(person, OVER_CAP);

    Answer answer = WORLD.post(WORLD.redeemForm(assertion, World.refund(9_000)));

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text("error")).isEqualTo("invalid_grant");
  }

  @Test
  void theReceiverEndsSessions() {
    Person person = WORLD.person();
    String before = WORLD.exchange(person, 100).text("access_token");
    Answer pending = WORLD.exchange(person, 9_000);

    Answer ended = WORLD.endSessions(person.key(), "txn-7", WORLD.receiverKey, "receiver");

    assertThat(ended.status()).isEqualTo(204);
    assertLockedOut(person, before);
    assertThat(WORLD.verification(pending).text("state")).isEqualTo("EXPIRED");
    var entry = WORLD.entries(LedgerEvent.SESSIONS_ENDED, person.key()).getFirst();
    assertThat(entry.jti()).isEqualTo("txn-7");
    assertThat(WORLD.transmitter.about(person.key())).isEmpty();
  }

  @Test
  void nobodyElseEndsSessions() {
    Person person = WORLD.person();

    assertThat(WORLD.endSessions(person.key(), "txn", WORLD.gatewayKey, "gateway").status())
        .isEqualTo(401);
    assertThat(WORLD.endSessions(person.key(), "txn", WORLD.gatewayKey, "receiver").status())
        .isEqualTo(401);
    assertThat(
            WORLD
                .send("DELETE", "/v1.0/auth/sessions/" + World.encode(person.key()), null)
                .status())
        .isEqualTo(401);
    assertThat(WORLD.exchange(person, 100).status()).isEqualTo(200);
  }

  @Test
  void aSubjectWithoutAnAnchorIsNoSubject() {
    assertThat(WORLD.endSessions("lena", "txn", WORLD.receiverKey, "receiver").status())
        .isEqualTo(400);
    assertThat(WORLD.endSessions("okta|", "txn", WORLD.receiverKey, "receiver").status())
        .isEqualTo(400);
  }

  @Test
  void aNewSignInOpensTheGate() {
    Person person = WORLD.person();
    WORLD.exchange(person, OVER_CAP);
    WORLD.tick(Duration.ofSeconds(90));
    // The receiver's order for the same kill comes later and must not lock the new sign-in out.
    ObjectNode claims =
        WORLD.oktaClaims(person).put("auth_time", WORLD.now.get().getEpochSecond() - 5);
    String txn = WORLD.entries(LedgerEvent.EXCHANGE_KILLED, person.key()).getFirst().jti();
    WORLD.endSessions(person.key(), txn, WORLD.receiverKey, "receiver");

    Answer answer = WORLD.post(WORLD.exchangeForm(WORLD.okta.sign(claims), World.refund(100)));

    assertThat(answer.status()).isEqualTo(200);
    assertThat(WORLD.userInfo(answer.text("access_token")).status()).isEqualTo(200);
  }

  @Test
  void aNewTokenOfTheOldSignInDoesNotOpenTheGate() {
    Person person = WORLD.person();
    ObjectNode before = WORLD.oktaClaims(person);
    WORLD.exchange(person, OVER_CAP);
    WORLD.tick(Duration.ofMinutes(10));
    ObjectNode refreshed =
        WORLD.oktaClaims(person).put("auth_time", before.path("auth_time").longValue());

    assertLocked(refreshed);
  }

  @Test
  void aTokenThatNamesNoSignInStaysOut() {
    Person person = WORLD.person();
    WORLD.exchange(person, OVER_CAP);
    WORLD.tick(Duration.ofMinutes(10));
    ObjectNode silent = WORLD.oktaClaims(person);
    silent.remove("auth_time");

    assertLocked(silent);
  }

  @Test
  void userInfoKnowsOurTokensAndTheAnchors() {
    Person person = WORLD.person();
    String ours = WORLD.exchange(person, 100).text("access_token");

    assertThat(WORLD.userInfo(ours).text("sub")).isEqualTo(person.key());
    assertThat(WORLD.userInfo(WORLD.token(person)).text("sub")).isEqualTo(person.key());
    assertThat(WORLD.userInfo(WORLD.token(person)).text("email")).isEqualTo(person.mail());
    assertThat(WORLD.send("GET", "/oauth2/userinfo", null).header("www-authenticate"))
        .isEqualTo("Bearer");
    assertThat(WORLD.send("GET", "/oauth2/userinfo?access_token=" + ours, null).status())
        .isEqualTo(400);
  }

  private static void deny(Person person, long cents) {
    Answer stepUp = WORLD.exchange(person, cents);
    assertThat(WORLD.answerOnPage(stepUp.text("approval_id"), "deny", "").status()).isEqualTo(200);
  }

  private static void assertLockedOut(Person person, String tokenFromBefore) {
    assertThat(WORLD.userInfo(tokenFromBefore).status()).isEqualTo(401);
    assertThat(WORLD.userInfo(WORLD.token(person)).status()).isEqualTo(401);
    assertLocked(WORLD.oktaClaims(person));
  }

  private static void assertLocked(ObjectNode claims) {
    Answer answer = WORLD.post(WORLD.exchangeForm(WORLD.okta.sign(claims), World.refund(100)));
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text("error")).isEqualTo("invalid_request");
    assertThat(answer.text("error_description"))
        .isEqualTo("the session of the subject was revoked (CSG-0055)");
  }

  static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("it did not happen within twenty seconds");
      }
      Thread.onSpinWait();
      java.util.concurrent.locks.LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }
}
