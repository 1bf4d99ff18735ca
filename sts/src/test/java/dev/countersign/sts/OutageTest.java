package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.TestState;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What happens while something that we need is away.
class OutageTest {
  private final DatabaseSettings state = World.settings();
  private final World world = new World(state, World.stepUp());

  @AfterEach
  void close() {
    world.close();
  }

  @Test
  void aLedgerThatIsAwayMeansNoTokenAndNoChallenge() {
    world.ledgerIsAway = true;

    for (long cents : new long[] {100, 9_000}) {
      Answer answer = world.exchange(world.person(), cents);
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.header("retry-after")).isNotEmpty();
      assertThat(answer.text("error")).isEqualTo("temporarily_unavailable");
      assertThat(answer.json().has("access_token")).isFalse();
    }
  }

  @Test
  void aLedgerThatIsAwayKeepsAnApprovalFromBeingGivenOrUsedUp() {
    Person person = world.person();
    Answer stepUp = world.exchange(person, 9_000);
    world.ledgerIsAway = true;
    Answer page = world.answerOnPage(stepUp.text("approval_id"), "approve", world.codeFor(person));
    assertThat(page.status()).isEqualTo(503);
    assertThat(world.verification(stepUp).text("state")).isEqualTo("PENDING");

    world.ledgerIsAway = false;
    String assertion = world.approved(person, stepUp);
    world.ledgerIsAway = true;
    assertThat(world.post(world.redeemForm(assertion, World.refund(9_000))).status())
        .isEqualTo(503);
    world.ledgerIsAway = false;
    assertThat(world.post(world.redeemForm(assertion, World.refund(9_000))).status())
        .isEqualTo(200);
  }

  @Test
  void aLedgerThatIsAwayKeepsNoKillFromHappening() {
    Person person = world.person();
    world.ledgerIsAway = true;
    assertThat(world.exchange(person, 200_001).status()).isEqualTo(503);
    world.ledgerIsAway = false;

    assertThat(world.exchange(person, 100).text("error_description")).contains("revoked");
    KillTest.await(() -> world.transmitter.about(person.key()).size() == 1);
  }

  @Test
  void G15_aDeadMailServerIsToldAtOnceAndNoApprovalWaitsThatNobodyReceived() {
    world.mail.stop();
    Person person = world.person();

    Answer answer = world.exchange(person, 9_000);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text("error")).isEqualTo("access_denied");
    assertThat(answer.text("error_description"))
        .contains("could not send to 0***@fabrikam.example: connection refused")
        .doesNotContain(person.mail());
    var failed = world.entries(LedgerEvent.APPROVAL_FAILED, person.key()).getFirst();
    assertThat(failed.data().path("reason").stringValue()).contains("not sent");
    assertThat(world.entries(LedgerEvent.APPROVAL_SENT, person.key())).isEmpty();
    var withdrawn = world.entries(LedgerEvent.APPROVAL_WITHDRAWN, person.key()).getFirst();
    assertThat(withdrawn.data().path("approval_id").stringValue()).isNotEmpty();
  }

  @Test
  void aRepeatTriesTheMailAgainOnceTheServerIsBack() {
    world.mail.stop();
    Person person = world.person();
    assertThat(world.exchange(person, 9_000).status()).isEqualTo(400);
    world.mail.start();

    Answer second = world.exchange(person, 9_000);

    assertThat(second.text("message")).contains("a code was sent");
    assertThat(world.mailsTo(person.mail())).hasSize(1);
    assertThat(world.approved(person, second)).isNotEmpty();
  }

  @Test
  void aKillWaitsForTheTransmitter() {
    world.transmitter.status = 503;
    Person person = world.person();

    assertThat(world.exchange(person, 200_001).status()).isEqualTo(400);
    assertThat(world.exchange(person, 100).status()).isEqualTo(400);
    assertThat(world.transmitter.about(person.key())).isEmpty();

    world.transmitter.status = 201;
    KillTest.await(() -> {
      world.tick(Duration.ofMillis(100));
      return world.transmitter.about(person.key()).size() == 1;
    });
  }

  @Test
  void anIssuerWithoutKeysMeansNoTokens() {
    world.okta.close();

    Answer answer = world.exchange(world.person(), 100);

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.json().has("access_token")).isFalse();
  }

  @Test
  void aDatabaseThatIsAwayMeans503AndNoToken() {
    Person person = world.person();
    assertThat(world.exchange(person, 100).status()).isEqualTo(200);
    String role = state.user();
    TestState.shared().execute(superuser(), "ALTER ROLE " + role + " NOLOGIN");
    try {
      TestState.shared()
          .execute(
              superuser(),
              "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '"
                  + role
                  + "'");

      Answer answer = world.exchange(person, 100);

      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.json().has("access_token")).isFalse();
      assertThat(world.send("GET", "/readyz", null).status()).isEqualTo(503);
      assertThat(world.send("GET", "/healthz", null).status()).isEqualTo(200);
    } finally {
      TestState.shared().execute(superuser(), "ALTER ROLE " + role + " LOGIN");
    }
    KillTest.await(() -> world.exchange(person, 100).status() == 200);
  }

  private static DatabaseSettings superuser() {
    return TestState.shared().superuser();
  }
}
