package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.FreePort;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.box.StsBox;
import dev.countersign.sts.clients.ClientOptions;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// One client exchanges one subject token so many times and no more, at however many replicas.
class TokenLimitsTest {
  private static final World WORLD = new World();
  private static final TokenLimits LIMITS = new TokenLimits(10, 15);
  private static final StsBox ONE = WORLD.replica(FreePort.any(), LIMITS);
  private static final StsBox TWO = WORLD.replica(FreePort.any(), LIMITS);

  @AfterAll
  static void close() {
    ONE.close();
    TWO.close();
    WORLD.close();
  }

  @Test
  void C14_exactlyTenOfFiftyInOneMinuteAtTwoReplicas() throws Exception {
    String token = WORLD.token(WORLD.person());
    var answers = new ArrayList<Future<Answer>>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 50; i++) {
        StsBox replica = i % 2 == 0 ? ONE : TWO;
        answers.add(threads.submit(() -> exchange(replica, token)));
      }
    }
    int granted = 0;
    for (Future<Answer> answer : answers) {
      if (answer.get().status() == 200) {
        granted++;
      } else {
        assertTooOften(answer.get());
      }
    }
    assertThat(granted).isEqualTo(10);
  }

  @Test
  void C14_aMinuteLaterSomeMoreButNoneBeyondTheWhole() {
    String token = WORLD.token(WORLD.person());
    for (int i = 0; i < 10; i++) {
      assertThat(exchange(ONE, token).status()).isEqualTo(200);
    }
    assertTooOften(exchange(ONE, token));
    WORLD.tick(Duration.ofMinutes(1));
    try {
      for (int i = 0; i < 4; i++) { // the one that was refused counts too
        assertThat(exchange(TWO, token).status()).isEqualTo(200);
      }
      assertTooOften(exchange(TWO, token));
    } finally {
      WORLD.now.set(World.NOON);
    }
  }

  @Test
  void anotherTokenAndAnotherClientHaveCountsOfTheirOwn() {
    var person = WORLD.person();
    String token = WORLD.token(person);
    for (int i = 0; i < 11; i++) {
      exchange(ONE, token);
    }
    assertTooOften(exchange(ONE, token));

    assertThat(exchange(ONE, WORLD.token(person)).status()).isEqualTo(200);
    var key = WORLD.register("fresh", ClientOptions.none());
    assertThat(
            WORLD
                .post(
                    URI.create(ONE.baseUri().toString()),
                    WORLD.by("fresh", key, WORLD.exchangeForm(token, World.refund(100))))
                .status())
        .isEqualTo(200);
  }

  @Test
  void aTokenWithoutAnIdIsCountedByItsContent() {
    var claims = WORLD.oktaClaims(WORLD.person());
    claims.remove("jti");
    String token = WORLD.okta.sign(claims);
    for (int i = 0; i < 10; i++) {
      assertThat(exchange(ONE, token).status()).isEqualTo(200);
    }

    assertTooOften(exchange(TWO, token));
  }

  private static Answer exchange(StsBox replica, String token) {
    return WORLD.post(
        URI.create(replica.baseUri().toString()), WORLD.exchangeForm(token, World.refund(100)));
  }

  private static void assertTooOften(Answer answer) {
    assertThat(answer.text("error")).isEqualTo("invalid_request");
    assertThat(answer.text("error_description")).endsWith("exchanged too often (CSG-0065)");
    assertThat(WORLD.entriesOf(answer.text("jti"))).hasSize(1);
  }
}
