package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.FreePort;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import java.net.URI;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// A retry with the same `Idempotency-Key` gets the same answer, not a second grant.
class IdempotencyTest {
  private static final World WORLD = new World();

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @Test
  void F04_aRetryGetsTheSameToken() {
    Person person = WORLD.person();
    var form = WORLD.exchangeForm(WORLD.token(person), World.refund(100));

    Answer first = WORLD.post(form, "Idempotency-Key", "order-1");
    Answer second = WORLD.post(again(form), "Idempotency-Key", "order-1");

    assertThat(first.status()).isEqualTo(200);
    assertThat(second.text("access_token")).isEqualTo(first.text("access_token"));
    assertThat(second.text("jti")).isEqualTo(first.text("jti"));
    assertThat(second.json().path("authorization_details"))
        .isEqualTo(first.json().path("authorization_details"));
    assertThat(WORLD.entries(LedgerEvent.EXCHANGE_PERMITTED, person.key())).hasSize(1);
    assertThat(WORLD.entries(LedgerEvent.EXCHANGE_REPEATED, person.key())).hasSize(1);
  }

  @Test
  void F04_anotherRequestWithTheSameKeyIsRefused() {
    Person person = WORLD.person();
    var form = WORLD.exchangeForm(WORLD.token(person), World.refund(100));
    assertThat(WORLD.post(form, "Idempotency-Key", "order-2").status()).isEqualTo(200);

    var other = again(form);
    other.put("authorization_details", World.refund(101));
    Answer answer = WORLD.post(other, "Idempotency-Key", "order-2");

    assertThat(answer.text("error")).isEqualTo("invalid_request");
    assertThat(answer.text("error_description")).contains("Idempotency-Key");
    assertThat(answer.json().has("access_token")).isFalse();
  }

  @Test
  void F04_theKeyIsTheClientsOwn() {
    Person person = WORLD.person();
    var key = WORLD.register("second-client", dev.countersign.sts.clients.ClientOptions.none());
    var form = WORLD.exchangeForm(WORLD.token(person), World.refund(100));

    Answer first = WORLD.post(form, "Idempotency-Key", "order-3");
    Answer second = WORLD.post(WORLD.by("second-client", key, form), "Idempotency-Key", "order-3");

    assertThat(second.status()).isEqualTo(200);
    assertThat(second.text("jti")).isNotEqualTo(first.text("jti"));
  }

  @Test
  void anotherReplicaGivesTheSameAnswer() {
    var form = WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100));
    Answer first = WORLD.post(form, "Idempotency-Key", "order-4");
    try (var replica = WORLD.replica(FreePort.any())) {
      Answer second =
          WORLD.sendTo(
              URI.create(replica.baseUri() + "/oauth2/token"),
              "POST",
              World.encoded(again(form)),
              "Content-Type",
              "application/x-www-form-urlencoded",
              "Idempotency-Key",
              "order-4");

      assertThat(second.text("access_token")).isEqualTo(first.text("access_token"));
    }
  }

  @Test
  void aDenialIsRepeatedToo() {
    var form =
        WORLD.exchangeForm(
            WORLD.token(WORLD.person()),
            "[{\"type\":\"urn:smt:agent:case\",\"operationDetails\":{\"action\":\"export_customers\"}}]");

    Answer first = WORLD.post(form, "Idempotency-Key", "order-5");
    Answer second = WORLD.post(again(form), "Idempotency-Key", "order-5");

    assertThat(first.text("error")).isEqualTo("access_denied");
    assertThat(second.body()).isEqualTo(first.body());
  }

  @Test
  void aRefusalIsNotKept() {
    var form = WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100));
    var broken = again(form);
    broken.put("scope", "everything");
    assertThat(WORLD.post(broken, "Idempotency-Key", "order-6").text("error"))
        .isEqualTo("invalid_scope");

    assertThat(WORLD.post(form, "Idempotency-Key", "order-6").status()).isEqualTo(200);
  }

  @Test
  void C16_aKillEndsTheRepeatsToo() {
    Person person = WORLD.person();
    var form = WORLD.exchangeForm(WORLD.token(person), World.refund(100));
    assertThat(WORLD.post(form, "Idempotency-Key", "order-7").status()).isEqualTo(200);
    WORLD.tick(Duration.ofSeconds(1));
    try {
      WORLD.endSessions(person.key(), "txn-7", WORLD.receiverKey, "receiver");

      Answer answer = WORLD.post(again(form), "Idempotency-Key", "order-7");

      assertThat(answer.text("error")).isEqualTo("invalid_request");
      assertThat(answer.text("error_description")).contains("revoked");
    } finally {
      WORLD.now.set(World.NOON);
    }
  }

  @Test
  void aTokenThatIsOverIsNotRepeated() {
    var form = WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100));
    assertThat(WORLD.post(form, "Idempotency-Key", "order-8").status()).isEqualTo(200);
    WORLD.tick(Duration.ofSeconds(61));
    try {
      Answer answer = WORLD.post(again(form), "Idempotency-Key", "order-8");

      assertThat(answer.text("error")).isEqualTo("invalid_request");
      assertThat(answer.text("error_description")).contains("expired");
    } finally {
      WORLD.now.set(World.NOON);
    }
  }

  @Test
  void F04_triesAtTheSameMomentMakeOneGrant() throws Exception {
    Person person = WORLD.person();
    var form = WORLD.exchangeForm(WORLD.token(person), World.refund(100));
    var tokens = new HashSet<String>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var tries = new ArrayList<Future<Answer>>();
      for (int i = 0; i < 12; i++) {
        Map<String, String> one = again(form);
        tries.add(threads.submit(() -> WORLD.post(one, "Idempotency-Key", "order-9")));
      }
      for (Future<Answer> one : tries) {
        Answer answer = one.get();
        assertThat(answer.status()).isIn(200, 503);
        if (answer.status() == 200) {
          tokens.add(answer.text("access_token"));
        }
      }
    }

    assertThat(tokens).hasSize(1);
    assertThat(WORLD.entries(LedgerEvent.EXCHANGE_PERMITTED, person.key())).hasSize(1);
  }

  @Test
  void noTokenLiesInTheDatabase() {
    Answer answer =
        WORLD.post(
            WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100)),
            "Idempotency-Key",
            "order-10");

    List<String> rows =
        WORLD.database.query(connection -> {
          var found = new ArrayList<String>();
          try (var statement =
                  connection.prepareStatement("SELECT r::text FROM repeated_answer r");
              ResultSet all = statement.executeQuery()) {
            while (all.next()) {
              found.add(all.getString(1));
            }
          } catch (SQLException failed) {
            throw failed;
          }
          return found;
        });

    assertThat(rows)
        .isNotEmpty()
        .noneMatch(row -> row.contains(answer.text("access_token")))
        .noneMatch(row -> row.contains("order-10"))
        .noneMatch(row -> row.matches(".*eyJ[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\..*"));
  }

  @Test
  void refusesAKeyThatIsNone() {
    Answer answer =
        WORLD.post(
            WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100)),
            "Idempotency-Key",
            "x".repeat(256));

    assertThat(answer.text("error")).isEqualTo("invalid_request");
  }

  @Test
  void theSecondLegIsRepeatedToo() {
    Person person = WORLD.person();
    String proof = WORLD.approved(person, WORLD.exchange(person, 9_000));
    var form = WORLD.redeemForm(proof, World.refund(9_000));

    Answer first = WORLD.post(form, "Idempotency-Key", "order-11");
    Answer second = WORLD.post(again(form), "Idempotency-Key", "order-11");

    assertThat(first.status()).isEqualTo(200);
    assertThat(second.text("access_token")).isEqualTo(first.text("access_token"));
  }

  /// The same request with a fresh assertion, as a retry has one.
  private static Map<String, String> again(Map<String, String> form) {
    var copy = new java.util.LinkedHashMap<>(form);
    copy.put("client_assertion", WORLD.assertion("gateway"));
    return copy;
  }
}
