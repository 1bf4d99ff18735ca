package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.FreePort;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Policy;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import dev.countersign.sts.box.PolicyFiles;
import dev.countersign.sts.box.StsBox;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Limits over time, through the wire and over three replicas.
class CounterTest {
  private static final World WORLD = new World();
  private static final List<StsBox> REPLICAS = List.of(replica(), replica(), replica());

  private static StsBox replica() {
    Path types = World.file("types.yaml");
    Path policy = types.resolveSibling("../counters/policy.yaml").normalize();
    var told = new DecisionSettings.Told(List.of("desk@fabrikam.example"), null);
    return WORLD.replica(
        FreePort.any(),
        new DecisionSettings(Map.of("desk", told), Map.of(), Optional.empty(), Map.of()),
        PolicyFiles.fixed(Policy.load(policy, TypeRegistry.load(types))));
  }

  @AfterAll
  static void close() {
    REPLICAS.forEach(StsBox::close);
    WORLD.close();
  }

  private static URI base(int replica) {
    return REPLICAS.get(replica % REPLICAS.size()).baseUri();
  }

  private static Answer exchange(int replica, Person person, long cents) {
    return WORLD.post(base(replica), WORLD.exchangeForm(WORLD.token(person), World.refund(cents)));
  }

  @Test
  void F01_aHundredParallelDollarsUnderFiftyAreFiftyOnThreeReplicas()
      throws InterruptedException, ExecutionException {
    Person person = WORLD.person();

    assertThat(permitted(person, 100, 3)).isEqualTo(50);
    assertThat(exchange(1, person, 1).text("error")).isEqualTo("access_denied");
    assertThat(WORLD.entries(LedgerEvent.EXCHANGE_PERMITTED, person.key())).hasSize(50);
  }

  @Test
  void F01_aHundredParallelDollarsUnderFiftyAreFiftyOnOneReplica()
      throws InterruptedException, ExecutionException {
    assertThat(permitted(WORLD.person(), 100, 1)).isEqualTo(50);
  }

  private static long permitted(Person person, int times, int replicas)
      throws InterruptedException, ExecutionException {
    String token = WORLD.token(person);
    List<Callable<Answer>> calls = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      URI base = base(i % replicas);
      Map<String, String> form = WORLD.exchangeForm(token, World.refund(100));
      calls.add(() -> WORLD.post(base, form));
    }
    long permitted = 0;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Answer> call : threads.invokeAll(calls)) {
        Answer answer = call.get();
        assertThat(answer.status()).as(answer.body()).isIn(200, 400);
        permitted += answer.status() == 200 ? 1 : 0;
      }
    }
    return permitted;
  }

  @Test
  void F02_aPersonsLimitIsOneForAllTheirClientsSessionsAndReplicas() {
    Person person = WORLD.person();
    for (int i = 0; i < 5; i++) {
      assertThat(exchange(i, person, 500).status()).isEqualTo(200);
      assertThat(byAnother(i + 1, person, 500).status()).isEqualTo(200);
    }

    assertThat(exchange(0, person, 1).text("error")).isEqualTo("access_denied");
    assertThat(byAnother(1, person, 1).text("error")).isEqualTo("access_denied");
  }

  private static Answer byAnother(int replica, Person person, long cents) {
    Map<String, String> form = WORLD.exchangeForm(WORLD.token(person), World.refund(cents));
    form.put("client_assertion", WORLD.assertion("standard"));
    return WORLD.post(base(replica), form);
  }

  @Test
  void F02_aDayLaterTheLimitIsWholeAgain() {
    Person person = WORLD.person();
    for (int i = 0; i < 10; i++) {
      assertThat(exchange(i, person, 500).status()).isEqualTo(200);
    }
    assertThat(exchange(0, person, 1).status()).isEqualTo(400);

    WORLD.tick(Duration.ofHours(24).minusSeconds(1));
    assertThat(exchange(0, person, 1).status()).isEqualTo(400);
    WORLD.tick(Duration.ofSeconds(2));
    assertThat(exchange(0, person, 1).status()).isEqualTo(200);
  }

  @Test
  void aRefusalTellsTheCallerWhichRuleAndNothingThatItRead() {
    Person person = WORLD.person();
    for (int i = 0; i < 10; i++) {
      exchange(i, person, 500);
    }

    Answer refused = exchange(0, person, 400);

    assertThat(refused.json().path("reasons").path(0).stringValue())
        .isEqualTo("over the limit of the day");
    JsonNode rule = refused.json().path("rules").path(0);
    assertThat(rule.path("rule").stringValue()).isEqualTo("over");
    assertThat(rule.propertyNames()).containsExactly("rule", "outcome", "element", "reason");
    var entry = WORLD.entries(LedgerEvent.EXCHANGE_DENIED, person.key()).getLast();
    assertThat(entry.data().path("inputs").path("history").path("refunded_today").longValue())
        .isEqualTo(5000);
    assertThat(entry.data().path("inputs").path("total").path("refunded_today").longValue())
        .isEqualTo(5400);
    assertThat(entry.data().path("matches").path(0).path("values").has("total.refunded_today"))
        .isTrue();
  }

  @Test
  void aStepUpIsDecidedAgainAndDrawsWhenItIsUsed() {
    Person person = WORLD.person();
    Answer stepUp = exchange(0, person, 4_000);
    assertThat(stepUp.text("scope")).isEqualTo("mfa_challenge");
    String assertion = WORLD.approved(person, stepUp);
    // asking alone has drawn nothing
    for (int i = 0; i < 5; i++) {
      assertThat(exchange(i, person, 200).status()).isEqualTo(200);
    }

    Answer issued = WORLD.post(base(1), WORLD.redeemForm(assertion, World.refund(4_000)));

    assertThat(issued.status()).as(issued.body()).isEqualTo(200);
    assertThat(exchange(2, person, 1).status()).isEqualTo(400);
  }

  @Test
  void F05_aLimitThatWasUsedUpSinceTheApprovalDenies() {
    Person person = WORLD.person();
    Answer stepUp = exchange(0, person, 4_000);
    String assertion = WORLD.approved(person, stepUp);
    for (int i = 0; i < 6; i++) {
      exchange(i, person, 200);
    }

    Answer refused = WORLD.post(base(1), WORLD.redeemForm(assertion, World.refund(4_000)));

    assertThat(refused.text("error")).isEqualTo("access_denied");
  }

  @Test
  void anApprovalThatIsTooOldForItsRuleIsNotUsed() {
    Person person = WORLD.person();
    Answer stepUp = exchange(0, person, 2_000);
    String assertion = WORLD.approved(person, stepUp);
    WORLD.tick(Duration.ofSeconds(61));

    Answer refused = WORLD.post(base(1), WORLD.redeemForm(assertion, World.refund(2_000)));

    assertThat(refused.text("error")).isEqualTo("invalid_grant");
    assertThat(refused.text("error_description")).contains("older than the policy allows");
  }

  @Test
  void C15_anApprovalUsedTwiceAtOnceDrawsOnce() throws InterruptedException, ExecutionException {
    Person person = WORLD.person();
    String assertion = WORLD.approved(person, exchange(0, person, 2_000));
    List<Callable<Answer>> calls = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      URI base = base(i);
      Map<String, String> form = WORLD.redeemForm(assertion, World.refund(2_000));
      calls.add(() -> WORLD.post(base, form));
    }
    int issued = 0;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Answer> call : threads.invokeAll(calls)) {
        issued += call.get().status() == 200 ? 1 : 0;
      }
    }

    assertThat(issued).isEqualTo(1);
    for (int i = 0; i < 6; i++) {
      assertThat(exchange(i, person, 500).status()).isEqualTo(200);
    }
    assertThat(exchange(0, person, 1).status()).isEqualTo(400);
  }

  @Test
  void whoARuleNamesIsToldByMail() {
    Person person = WORLD.person();
    exchange(0, person, 2_000);

    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (System.nanoTime() < deadline && mails(person).isEmpty()) {
      java.util.concurrent.locks.LockSupport.parkNanos(50_000_000);
    }
    assertThat(mails(person)).hasSize(1);
    assertThat(mails(person).getFirst()).contains("outcome: step_up").contains("rules: [\"large\"");
  }

  private static List<String> mails(Person person) {
    return WORLD.mailsTo("desk@fabrikam.example").stream()
        .map(message -> {
          try {
            return String.valueOf(message.getContent());
          } catch (java.io.IOException | jakarta.mail.MessagingException unreadable) {
            throw new IllegalStateException(unreadable);
          }
        })
        .filter(text -> text.contains(person.key()))
        .toList();
  }
}
