package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import dev.countersign.sts.clients.ClientOptions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Clients that are registered with `step-up: standard`: they are told, and poll.
class PollTest {
  private static final World WORLD = new World();
  private static final int PLACES = 256;
  private static final ClientOptions STANDARD =
      new ClientOptions(Set.of(), false, Set.of(), true, false, false, Set.of(), false);
  private static final ECKey POLLER = WORLD.register("poller", STANDARD);
  private static final ECKey OTHER = WORLD.register("other-poller", STANDARD);

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @AfterEach
  void atNoon() {
    WORLD.now.set(World.NOON);
  }

  @Test
  void SU_06_CB_03_stepUpIsAnErrorWithAnIdToPollWith() {
    Answer answer = stepUp(WORLD.person());

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text("error")).isEqualTo("insufficient_user_authentication");
    assertThat(answer.text("auth_req_id")).matches("[A-Za-z0-9._-]{27,}"); // 160 bits
    assertThat(answer.json().path("interval").intValue()).isEqualTo(5);
    assertThat(answer.json().path("expires_in").intValue()).isPositive();
    assertThat(answer.json().has("access_token")).isFalse();
  }

  @Test
  void CB_04_pendingThenTheTokenForExactlyWhatWasApproved() {
    Person person = WORLD.person();
    String id = stepUp(person).text("auth_req_id");
    assertThat(poll(id).text("error")).isEqualTo("authorization_pending");
    WORLD.answerOnPage(id, "approve", WORLD.codeFor(person));
    WORLD.tick(Duration.ofSeconds(6));

    Answer answer = poll(id);

    assertThat(answer.status()).isEqualTo(200);
    assertThat(StrictJson.canonical(answer.json().path("authorization_details")))
        .isEqualTo(AuthorizationDetails.parse(World.refund(9_000)).canonical());
    assertThat(World.claims(answer.text("access_token")).path("act").path("sub").stringValue())
        .isEqualTo("poller");
    WORLD.tick(Duration.ofSeconds(6));
    assertThat(poll(id).text("error")).isEqualTo("invalid_grant");
  }

  @Test
  void G11_pollingTooFastSlowsDown() {
    String id = stepUp(WORLD.person()).text("auth_req_id");

    assertThat(poll(id).text("error")).isEqualTo("authorization_pending");
    WORLD.tick(Duration.ofSeconds(4));
    Answer fast = poll(id);
    assertThat(fast.text("error")).isEqualTo("slow_down");
    assertThat(fast.json().path("interval").intValue()).isEqualTo(10);
    WORLD.tick(Duration.ofSeconds(6));
    assertThat(poll(id).text("error")).isEqualTo("slow_down");
    WORLD.tick(Duration.ofSeconds(15));
    assertThat(poll(id).text("error")).isEqualTo("authorization_pending");
  }

  @Test
  void aPollThatPrefersToWaitIsAnsweredWhenThePersonAnswers() throws Exception {
    Person person = WORLD.person();
    String id = stepUp(person).text("auth_req_id");

    var held =
        CompletableFuture.supplyAsync(
            () -> WORLD.post(WORLD.by("poller", POLLER, pollForm(id)), "Prefer", "wait=30"));
    WORLD.answerOnPage(id, "approve", WORLD.codeFor(person));

    Answer answer = held.get(60, TimeUnit.SECONDS);
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    assertThat(World.claims(answer.text("access_token")).path("sub").stringValue())
        .isEqualTo(person.key());
  }

  @Test
  void aHeldPollThatRunsOutSaysThatThePersonHasNotAnswered() {
    Person person = WORLD.person();
    String id = stepUp(person).text("auth_req_id");

    Answer held = WORLD.post(WORLD.by("poller", POLLER, pollForm(id)), "Prefer", "wait=1");

    assertThat(held.status()).isEqualTo(400);
    assertThat(held.text("error")).isEqualTo("authorization_pending");
    WORLD.answerOnPage(id, "approve", WORLD.codeFor(person));
    WORLD.tick(Duration.ofSeconds(6));
    assertThat(poll(id).status()).isEqualTo(200);
  }

  @Test
  void L13_aPollForWhichNoPlaceIsFreeIsAnsweredAtOnce() throws Exception {
    Person person = WORLD.person();
    Answer occupying = WORLD.exchange(person, 9_000);
    Person other = WORLD.person();
    String id = stepUp(other).text("auth_req_id");
    try (var others = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Answer>> held =
          IntStream.rangeClosed(0, PLACES)
              .mapToObj(_ -> others.submit(() -> longPoll(occupying)))
              .toList();
      // One of them finds no place.
      World.until(() -> held.stream().anyMatch(Future::isDone));

      Answer poll = WORLD.post(WORLD.by("poller", POLLER, pollForm(id)), "Prefer", "wait=30");

      assertThat(poll.text("error")).isEqualTo("authorization_pending");
      assertThat(held).as("held for longer than this poll").anyMatch(one -> !one.isDone());
      WORLD.answerOnPage(occupying.text("approval_id"), "deny", "");
      for (Future<Answer> one : held) {
        assertThat(one.get(60, TimeUnit.SECONDS).status()).isEqualTo(200);
      }
    }
  }

  private static Answer longPoll(Answer stepUp) {
    return WORLD.send(
        "GET",
        "/v2.0/factors/emailotp/transient/verifications/" + stepUp.text("approval_id"),
        null,
        "Authorization",
        "Bearer " + stepUp.text("access_token"),
        "Prefer",
        "wait=30");
  }

  @Test
  void G11_aPollThatComesTooSoonIsNotHeld() {
    String id = stepUp(WORLD.person()).text("auth_req_id");
    assertThat(poll(id).text("error")).isEqualTo("authorization_pending");

    Answer soon = WORLD.post(WORLD.by("poller", POLLER, pollForm(id)), "Prefer", "wait=30");

    assertThat(soon.text("error")).isEqualTo("slow_down");
  }

  @Test
  void aNoIsTold() {
    Person person = WORLD.person();
    String id = stepUp(person).text("auth_req_id");
    WORLD.answerOnPage(id, "deny", "");

    assertThat(poll(id).text("error")).isEqualTo("access_denied");
  }

  @Test
  void anEndIsTold() {
    String id = stepUp(WORLD.person()).text("auth_req_id");
    WORLD.tick(Duration.ofHours(2));

    assertThat(poll(id).text("error")).isEqualTo("expired_token");
  }

  @Test
  void G10_anotherClientsApprovalIsNotPolled() {
    Person person = WORLD.person();
    String id = stepUp(person).text("auth_req_id");
    WORLD.answerOnPage(id, "approve", WORLD.codeFor(person));

    Answer stranger = WORLD.post(WORLD.by("other-poller", OTHER, pollForm(id)));

    assertThat(stranger.text("error")).isEqualTo("invalid_grant");
    assertThat(WORLD.post(WORLD.by("poller", POLLER, pollForm("made-up"))).text("error"))
        .isEqualTo("invalid_grant");
    assertThat(poll(id).status()).isEqualTo(200);
  }

  @Test
  void aClientThatIsNotRegisteredForItCannotPoll() {
    Answer answer = WORLD.post(WORLD.by("gateway", WORLD.gatewayKey, pollForm("any")));

    assertThat(answer.text("error")).isEqualTo("unauthorized_client");
  }

  @Test
  void E01_aPollUsesItsAssertionUp() {
    String id = stepUp(WORLD.person()).text("auth_req_id");
    Map<String, String> form = WORLD.by("poller", POLLER, pollForm(id));
    assertThat(WORLD.post(form).text("error")).isEqualTo("authorization_pending");

    assertThat(WORLD.post(form).text("error")).isEqualTo("invalid_client");
  }

  private static Answer stepUp(Person person) {
    return WORLD.post(
        WORLD.by("poller", POLLER, WORLD.exchangeForm(WORLD.token(person), World.refund(9_000))));
  }

  private static Answer poll(String id) {
    return WORLD.post(WORLD.by("poller", POLLER, pollForm(id)));
  }

  private static Map<String, String> pollForm(String id) {
    var form = new LinkedHashMap<String, String>();
    form.put("grant_type", TokenTypes.CIBA_GRANT);
    form.put("client_assertion_type", TokenTypes.JWT_CLIENT_ASSERTION);
    form.put("auth_req_id", id);
    return form;
  }
}
