package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Factor;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// Passkeys, in a real browser with a virtual authenticator.
class PasskeyTest {
  private static final World WORLD =
      new World(
          World.settings(),
          World.stepUp(
              StepUpSettings.Limits.defaults(), List.of(Factor.PASSKEY, Factor.EMAILOTP), null),
          "localhost");

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @Test
  void aPasskeySignsExactlyTheRequestThatThePersonSees() {
    Person person = WORLD.person();
    WORLD.okta.signedIn = person.id();
    try (var browser = new PersonInChromium(WORLD.issuer)) {
      var registered = browser.register();
      assertThat(registered.path("door").stringValue()).isEqualTo("Sign in to go on");
      assertThat(registered.path("added").stringValue()).contains("The passkey was added");
      assertThat(registered.path("problems")).isEmpty();
      assertThat(WORLD.entries(LedgerEvent.PASSKEY_REGISTERED, person.key())).hasSize(1);

      // The passkey is preferred, so no code is sent, and the chat's number is asked for.
      Answer stepUp = WORLD.exchange(person, 9_000);
      assertThat(WORLD.mailsTo(person.mail())).isEmpty();
      assertThat(stepUp.text("message")).contains("approve it on the page");

      String wrong = stepUp.text("number").equals("10") ? "11" : "10";
      var refused = browser.approve(stepUp.text("approval_id"), wrong);
      assertThat(refused.path("focus").stringValue()).isEqualTo("number");
      assertThat(refused.path("note").stringValue()).contains("That was not right");
      assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("PENDING");

      var approved = browser.approve(stepUp.text("approval_id"), stepUp.text("number"));
      assertThat(approved.path("answer").stringValue()).isEqualTo("Approved");
      assertThat(approved.path("problems")).isEmpty();
    }
    var given = WORLD.entries(LedgerEvent.APPROVAL_GIVEN, person.key()).getLast();
    assertThat(given.data().path("factor").stringValue()).isEqualTo("passkey");
    assertThat(given.data().path("evidence").stringValue())
        .isEqualTo(
            WORLD
                .entries(LedgerEvent.PASSKEY_REGISTERED, person.key())
                .getFirst()
                .data()
                .path("credential")
                .stringValue());

    // Without its passkey at hand the person asks for a code instead.
    Answer second = WORLD.exchange(person, 9_100);
    var form = WORLD.open(second.text("approval_id"));
    assertThat(WORLD.page(second.text("approval_id")).body())
        .contains("name=\"number\"")
        .contains("Send a code to")
        .doesNotContain("as in your chat");
    assertThat(WORLD.submit(form, "passkey", Map.of("response", "{}", "number", "12")).status())
        .isEqualTo(400);
    assertThat(WORLD.submit(form, "send-emailotp", Map.of()).status()).isEqualTo(200);
    assertThat(WORLD.approved(person, second)).isNotEmpty();
  }

  @Test
  void passkeysChangeOnlyAfterAFreshSignIn() {
    Person person = WORLD.person();
    WORLD.okta.sinceAuthentication = Duration.ofMinutes(6);
    String cookie;
    try {
      cookie = WORLD.signIn(person.key(), "passkeys");
    } finally {
      WORLD.okta.sinceAuthentication = Duration.ZERO;
    }

    Answer stale = WORLD.send("GET", "/approve/passkeys", null, "Cookie", cookie);
    Answer fresh =
        WORLD.send(
            "GET", "/approve/passkeys", null, "Cookie", WORLD.signIn(person.key(), "passkeys"));

    assertThat(stale.status()).isEqualTo(403);
    assertThat(stale.body()).contains("Sign in again").doesNotContain("data-passkey");
    assertThat(fresh.status()).isEqualTo(200);
    assertThat(fresh.body()).contains("data-passkey=\"create\"");
  }
}
