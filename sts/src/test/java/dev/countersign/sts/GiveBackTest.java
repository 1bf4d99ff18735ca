package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.FreePort;
import dev.countersign.policy.Policy;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import dev.countersign.sts.box.PolicyFiles;
import dev.countersign.sts.box.StsBox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What grants drew that were never used is given back, once, by whichever of two replicas.
class GiveBackTest {
  private static final World WORLD = new World();
  private static final StubBroker BROKER =
      new StubBroker(World.keys(WORLD.stsWorkload), WORLD.clock);
  private static final List<StsBox> REPLICAS = List.of(replica(), replica());
  private static final Duration SETTLED = Duration.ofMinutes(7); // five of life, one of margin

  private static StsBox replica() {
    Path types = World.file("types.yaml");
    try {
      String policy =
          Files.readString(types.resolveSibling("../counters/policy.yaml").normalize())
                  .replace("step_up: { use_within: 60s }", "")
                  .replace("notify: [desk]", "")
                  .replace(
                      "rules:\n",
                      "  refused_today: {measure: count, per: subject, within: 24h, of: refused}\n"
                          + "rules:\n")
              + """
                - name: often-refused
                  type: urn:smt:agent:refund
                  when: history.refused_today >= 8
                  then: deny
                  reason: refused too often
              """;
      Path file = Files.createTempFile("policy", ".yaml");
      file.toFile().deleteOnExit();
      Files.writeString(file, policy);
      return WORLD.replica(
          FreePort.any(),
          DecisionSettings.none().givingBack(Map.of(World.RESOURCE, BROKER.address())),
          PolicyFiles.fixed(Policy.load(file, TypeRegistry.load(types))));
    } catch (IOException failed) {
      throw new java.io.UncheckedIOException(failed);
    }
  }

  @AfterAll
  static void close() {
    REPLICAS.forEach(StsBox::close);
    BROKER.close();
    WORLD.close();
  }

  @AfterEach
  void truth() {
    BROKER.instead = "";
  }

  private static Answer exchange(int replica, Person person, long cents) {
    return WORLD.post(
        REPLICAS.get(replica % REPLICAS.size()).baseUri(),
        WORLD.exchangeForm(WORLD.token(person), World.refund(cents)));
  }

  private static String granted(int replica, Person person, long cents) {
    Answer answer = exchange(replica, person, cents);
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    return World.claims(answer.text("access_token")).path("jti").stringValue();
  }

  private static long waiting(Person person) {
    return WORLD.database.query(connection -> {
      try (var statement =
          connection.prepareStatement("SELECT count(*) FROM reservation WHERE subject = ?")) {
        statement.setString(1, person.key());
        try (ResultSet row = statement.executeQuery()) {
          row.next();
          return row.getLong(1);
        }
      }
    });
  }

  @Test
  void F03_whatWasNeverUsedIsGivenBackOnceAndWhatWasUsedIsNot() {
    Person person = WORLD.person();
    for (int i = 0; i < 5; i++) {
      String jti = granted(i, person, 900);
      if (i < 2) {
        BROKER.used.add(jti);
      }
    }
    assertThat(exchange(0, person, 600).status()).isEqualTo(400);

    WORLD.tick(SETTLED);
    World.until(() -> waiting(person) == 0);

    // 1,800 of 5,000 are used: what is left is exactly 3,200
    for (int i = 0; i < 3; i++) {
      granted(i, person, 900);
    }
    assertThat(exchange(0, person, 501).status()).isEqualTo(400);
    granted(1, person, 500);
    assertThat(exchange(1, person, 1).status()).isEqualTo(400);
  }

  @Test
  void nothingIsGivenBackWhileTheTokenLives() {
    Person person = WORLD.person();
    String jti = granted(0, person, 900);

    WORLD.tick(Duration.ofMinutes(5).plusSeconds(30));
    Person later = WORLD.person();
    String other = granted(1, later, 900);
    WORLD.tick(Duration.ofMinutes(1));
    World.until(() -> waiting(person) == 0);

    assertThat(BROKER.asked).contains(jti).doesNotContain(other);
    assertThat(waiting(later)).isOne();
  }

  @ParameterizedTest
  @ValueSource(strings = {"503", "{}", "{\"data\":{\"used\":\"no\"}}", "[", "{\"data\":null}"})
  void whileTheBrokerDoesNotTellNothingIsGivenBack(String answer) {
    Person person = WORLD.person();
    BROKER.instead = answer;
    for (int i = 0; i < 5; i++) {
      granted(i, person, 900);
    }
    int before = BROKER.asked.size();

    WORLD.tick(SETTLED);
    World.until(() -> BROKER.asked.size() > before);
    assertThat(exchange(0, person, 600).status()).isEqualTo(400);
    assertThat(waiting(person)).isEqualTo(5);

    BROKER.instead = "";
    World.until(() -> {
      WORLD.tick(Duration.ofSeconds(30)); // the pause before the next question is the world's
      return waiting(person) == 0;
    });
    assertThat(exchange(0, person, 600).status()).isEqualTo(200);
  }

  @Test
  void whatNobodyCouldTellForDaysStaysDrawn() {
    Person person = WORLD.person();
    BROKER.instead = "503";
    String jti = granted(0, person, 900);

    WORLD.tick(Duration.ofDays(6).plus(SETTLED));
    BROKER.instead = "";
    Person other = WORLD.person();
    granted(0, other, 900);
    WORLD.tick(SETTLED);
    World.until(() -> waiting(other) == 0);

    assertThat(BROKER.asked).doesNotContain(jti);
  }

  /// Such as after `sts.give-back` named fewer audiences.
  @Test
  void anAudienceThatNoBrokerKnowsHoldsUpNobodyElse() {
    Person gone = WORLD.person();
    WORLD.database.query(connection -> {
      try (var statement =
          connection.prepareStatement(
              """
              INSERT INTO reservation (subject, jti, audience, taken, ends_at, next_try_at)
              SELECT ?, n, 'https://gone.example', '[]'::jsonb, ?, ? FROM generate_series(1, 70) n
              """)) {
        var ended = java.time.OffsetDateTime.ofInstant(WORLD.clock.instant(), ZoneOffset.UTC);
        statement.setString(1, gone.key());
        statement.setObject(2, ended.minusMinutes(5));
        statement.setObject(3, ended.minusMinutes(5));
        return statement.executeUpdate();
      }
    });
    Person person = WORLD.person();
    granted(0, person, 900);

    WORLD.tick(SETTLED);
    World.until(() -> waiting(person) == 0);

    assertThat(waiting(gone)).isEqualTo(70);
  }

  @Test
  void aRefusalThatCountsIsNotGivenBack() {
    Person person = WORLD.person();
    granted(0, person, 900);
    for (int i = 0; i < 5; i++) {
      exchange(i, person, 990);
    }
    for (int i = 0; i < 8; i++) {
      assertThat(exchange(i, person, 999).status()).isEqualTo(400);
    }

    WORLD.tick(SETTLED);
    World.until(() -> waiting(person) == 0);

    assertThat(exchange(0, person, 1).json().path("reasons").toString())
        .contains("refused too often");
  }

  @Test
  void C15_anApprovalUsedTwiceAtOnceIsGivenBackOnce()
      throws InterruptedException, ExecutionException {
    Person person = WORLD.person();
    BROKER.used.add(granted(0, person, 900));
    String assertion = WORLD.approved(person, exchange(0, person, 2_000));
    List<Callable<Answer>> calls = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      var base = REPLICAS.get(i % 2).baseUri();
      Map<String, String> form = WORLD.redeemForm(assertion, World.refund(2_000));
      calls.add(() -> WORLD.post(base, form));
    }
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Answer> call : threads.invokeAll(calls)) {
        assertThat(call.get().status()).as(call.get().body()).isIn(200, 400);
      }
    }
    assertThat(waiting(person)).isEqualTo(2);

    WORLD.tick(SETTLED);
    World.until(() -> waiting(person) == 0);

    for (int i = 0; i < 4; i++) {
      granted(i, person, 950);
    }
    assertThat(exchange(0, person, 301).status()).isEqualTo(400);
    granted(0, person, 300);
  }
}
