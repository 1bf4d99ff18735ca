package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Form;
import dev.countersign.sts.World.Person;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// Only the person whose approval it is sees, answers or reports it; who holds its id holds
/// nothing.
class ApprovalOwnerTest {
  private static final World WORLD = new World();

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @Test
  void G05_aLeakedLinkShowsTheDoorAndNothingElse() {
    Answer stepUp = WORLD.exchange(WORLD.person(), 9_000);

    Answer known = WORLD.send("GET", "/approve/" + stepUp.text("approval_id"), null);
    Answer unknown = WORLD.send("GET", "/approve/AAAAAAAAAAAAAAAAAAAAAAAAAAA", null);

    assertThat(known.status()).isEqualTo(200);
    assertThat(known.body())
        .contains("Sign in with Okta", "Sign in with Contoso")
        .doesNotContain("90.00", "R-884-2233", "Refund desk agent", "name=\"code\"");
    assertThat(unknown.status()).isEqualTo(known.status());
    assertThat(unknown.body())
        .isEqualTo(known.body().replace(stepUp.text("approval_id"), "AAAAAAAAAAAAAAAAAAAAAAAAAAA"));
  }

  @Test
  void G10_anotherPersonGetsTheSameAnswerAsForAnUnknownId() {
    Answer stepUp = WORLD.exchange(WORLD.person(), 9_000);
    Person other = WORLD.person();
    String cookie = WORLD.signIn(other.key(), "passkeys");

    Answer known =
        WORLD.send("GET", "/approve/" + stepUp.text("approval_id"), null, "Cookie", cookie);
    Answer unknown =
        WORLD.send("GET", "/approve/AAAAAAAAAAAAAAAAAAAAAAAAAAA", null, "Cookie", cookie);

    assertThat(known.status()).isEqualTo(404);
    assertThat(known.body()).isEqualTo(unknown.body()).doesNotContain("R-884-2233");
    assertThat(WORLD.entries(LedgerEvent.APPROVAL_REFUSED, other.key())).hasSize(2);
  }

  @Test
  void G06_nobodyElseCanApproveDenyOrKill() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    String id = stepUp.text("approval_id");
    Person other = WORLD.person();
    String cookie = WORLD.signIn(other.key(), id);
    // Even with a form token that is right for this browser and this approval.
    Form own = WORLD.form(WORLD.exchange(other, 9_000).text("approval_id"), cookie);
    String token = WORLD.csrf(id, cookie);

    for (String action : List.of("approve", "deny", "suspicious", "idp", "send-emailotp")) {
      Answer answer = WORLD.submit(new Form(id, token, cookie), action, WORLD.codeFor(person));
      assertThat(answer.status()).as(action).isEqualTo(404);
    }

    assertThat(own.csrf()).isNotEqualTo(token);
    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("PENDING");
    assertThat(WORLD.transmitter.about(person.key())).isEmpty();
    assertThat(WORLD.approved(person, stepUp)).isNotEmpty();
  }

  @Test
  void theSamePersonAtAnotherAnchorIsSomebodyElse() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    String cookie = WORLD.signIn("entra|" + person.id(), "passkeys");

    Answer page =
        WORLD.send("GET", "/approve/" + stepUp.text("approval_id"), null, "Cookie", cookie);

    assertThat(page.status()).isEqualTo(404);
  }

  @Test
  void G14_aSignInComesBackOnceAndToTheBrowserThatLeft() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    String id = stepUp.text("approval_id");
    Answer away = WORLD.send("GET", "/approve/sign-in/okta?to=" + id, null);
    String cookie = away.header("set-cookie").split(";", -1)[0];
    Answer back =
        WORLD.sendTo(
            java.net.URI.create(away.header("location") + "&test_person=" + person.id()),
            "GET",
            null);
    java.net.URI callback = java.net.URI.create(back.header("location"));

    Answer stranger = WORLD.sendTo(callback, "GET", null);
    Answer first = WORLD.sendTo(callback, "GET", null, "Cookie", cookie);
    Answer again = WORLD.sendTo(callback, "GET", null, "Cookie", cookie);

    assertThat(stranger.status()).isEqualTo(400);
    assertThat(first.status()).isEqualTo(303);
    assertThat(again.status()).isEqualTo(400);
    // The cookie from before the sign-in is worth nothing after it.
    assertThat(first.header("set-cookie")).doesNotContain(cookie);
    assertThat(WORLD.send("GET", "/approve/" + id, null, "Cookie", cookie).body())
        .contains("Sign in with Okta");
  }

  @Test
  void B16_anAnswerThatBelongsToAnotherSignInSignsNobodyIn() {
    Person person = WORLD.person();
    String id = WORLD.exchange(person, 9_000).text("approval_id");
    UnaryOperator<String> otherProvider = at -> at + "&iss=http%3A%2F%2Fevil.example";
    UnaryOperator<String> otherPlace = at -> at.replace("/callback/okta", "/callback/entra");
    UnaryOperator<String> noState = at -> at.replaceAll("[?&]state=[^&]*", "");
    // A code that was issued for somebody else's attempt, with the state of this browser's.
    String injected = back(id, person).at().replaceAll(".*[?&]code=([^&]*).*", "$1");
    UnaryOperator<String> otherCode = at -> at.replaceAll("code=[^&]*", "code=" + injected);

    for (UnaryOperator<String> change : List.of(otherProvider, otherPlace, noState, otherCode)) {
      Back back = back(id, person);
      String changed = change.apply(back.at());
      assertThat(changed).isNotEqualTo(back.at());
      Answer answer =
          WORLD.sendTo(java.net.URI.create(changed), "GET", null, "Cookie", back.cookie());
      assertThat(answer.status()).as(changed).isIn(400, 403);
      assertThat(WORLD.send("GET", "/approve/" + id, null, "Cookie", back.cookie()).body())
          .contains("Sign in with Okta");
    }
  }

  /// A browser that is about to come back from the identity provider.
  private static Back back(String approval, Person person) {
    Answer away = WORLD.send("GET", "/approve/sign-in/okta?to=" + approval, null);
    Answer answer =
        WORLD.sendTo(
            java.net.URI.create(away.header("location") + "&test_person=" + person.id()),
            "GET",
            null);
    return new Back(answer.header("location"), away.header("set-cookie").split(";", -1)[0]);
  }

  private record Back(String at, String cookie) {}

  @Test
  void aPersonWhoseSessionsEndedIsOutOfThePageAsWell() {
    Person person = WORLD.person();
    String cookie = WORLD.signIn(person.key(), "passkeys");
    Answer before = WORLD.exchange(person, 9_000);
    Form form = WORLD.form(before.text("approval_id"), cookie);
    WORLD.tick(java.time.Duration.ofSeconds(1));
    WORLD.endSessions(person.key(), "txn-page", WORLD.receiverKey, "receiver");

    assertThat(WORLD.submit(form, "approve", WORLD.codeFor(person)).status()).isEqualTo(403);
    assertThat(
            WORLD
                .send("GET", "/approve/" + before.text("approval_id"), null, "Cookie", cookie)
                .body())
        .contains("Sign in with Okta");
  }

  @Test
  void aFormFromAnotherSiteChangesNothing() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    Form form = WORLD.open(stepUp.text("approval_id"));

    Answer answer =
        WORLD.send(
            "POST",
            "/approve/" + form.approval(),
            World.encoded(Map.of("csrf", form.csrf(), "action", "deny")),
            "Content-Type",
            "application/x-www-form-urlencoded",
            "Cookie",
            form.cookie(),
            "Sec-Fetch-Site",
            "cross-site");

    assertThat(answer.status()).isEqualTo(403);
    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("PENDING");
  }

  @Test
  void G05_noCodeIsInAnythingThatTheClientOrTheLedgerGets() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    String code = WORLD.codeFor(person);
    Answer again = WORLD.exchange(person, 9_000);
    Answer state = WORLD.verification(stepUp);
    WORLD.approved(person, stepUp);
    Answer proof = WORLD.verification(stepUp);

    for (Answer answer : List.of(stepUp, again, state, proof)) {
      assertThat(answer.body()).doesNotContain(code).doesNotContain(person.mail());
      assertThat(answer.headers().toString()).doesNotContain(code);
    }
    for (var entry : WORLD.ledger) {
      assertThat(entry.data().toString()).doesNotContain("\"" + code + "\"");
    }
  }
}
