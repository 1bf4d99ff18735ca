package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// The factor endpoints as clients of IBM Verify use them, and waiting for an answer.
class VerifyWireTest {
  private static final String PATH = "/v2.0/factors/emailotp/transient/verifications";
  private static final World WORLD = new World();

  @AfterAll
  static void close() {
    WORLD.close();
  }

  private static Answer call(String method, String path, Answer stepUp, String body) {
    return WORLD.send(
        method,
        path,
        body.isEmpty() ? null : body,
        "Authorization",
        "Bearer " + stepUp.text("access_token"),
        "Content-Type",
        "application/json");
  }

  private static Answer asked(Person person, String client) {
    var form = WORLD.exchangeForm(WORLD.token(person), World.refund(9_000));
    form.put("client_assertion", WORLD.assertion(client));
    return WORLD.post(form);
  }

  private static String otp(String code) {
    return StrictJson.write(StrictJson.object().put("otp", code));
  }

  @Test
  void theAddressOfAStartMustBeTheOneThatWeHold() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);

    Answer same =
        call(
            "POST",
            PATH,
            stepUp,
            "{\"emailAddress\":\"%s\",\"correlation\":\"MCPGW\"}".formatted(person.mail()));
    Answer other = call("POST", PATH, stepUp, "{\"emailAddress\":\"mallory@evil.example\"}");
    Answer correlation = call("POST", PATH, stepUp, "{\"correlation\":\"not alphanumeric!\"}");

    assertThat(same.status()).isEqualTo(201);
    assertThat(same.text("id")).isEqualTo(stepUp.text("approval_id"));
    assertThat(same.text("type")).isEqualTo("emailotp");
    assertThat(same.text("state")).isEqualTo("PENDING");
    assertThat(same.text("correlation")).isEqualTo("MCPGW");
    assertThat(same.json().path("attempts").intValue()).isZero();
    assertThat(WORLD.mailsTo(person.mail())).as("it was sent before").hasSize(1);
    assertThat(other.status()).isEqualTo(400);
    assertThat(other.body()).doesNotContain(person.mail());
    assertThat(WORLD.mailsTo("mallory@evil.example")).isEmpty();
    assertThat(WORLD.entries(LedgerEvent.APPROVAL_MISUSED, person.key())).hasSize(1);
    assertThat(correlation.status()).isEqualTo(400);
    assertThat(correlation.body()).contains("CSIBN0018E");
  }

  @Test
  void G05_aClientThatIsNotRegisteredForItPassesNoCodeOn() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);

    Answer refused =
        call(
            "POST",
            PATH + "/" + stepUp.text("approval_id") + "?returnJwt=true",
            stepUp,
            otp(WORLD.codeFor(person)));

    assertThat(refused.status()).isEqualTo(403);
    assertThat(refused.body()).contains("submits-codes").doesNotContain("assertion");
    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("PENDING");
    assertThat(WORLD.entries(LedgerEvent.APPROVAL_MISUSED, person.key())).hasSize(1);
  }

  @Test
  void anOlderClientThatIsRegisteredForItPassesTheCodeOn() {
    Person person = WORLD.person();
    Answer stepUp = asked(person, "older");
    String path = PATH + "/" + stepUp.text("approval_id") + "?returnJwt=true";
    String code = WORLD.codeFor(person);

    Answer wrong = call("POST", path, stepUp, otp(World.wrong(code)));
    Answer right = call("POST", path, stepUp, otp(code));
    Answer again = call("POST", path, stepUp, otp(code));

    assertThat(wrong.status()).isEqualTo(401);
    assertThat(wrong.json().path("retries").intValue()).isEqualTo(4);
    assertThat(right.status()).isEqualTo(200);
    assertThat(right.text("state")).isEqualTo("VERIFY_SUCCESS");
    assertThat(again.status()).isEqualTo(400);
    var redeem = WORLD.redeemForm(WORLD.seen(right.text("assertion")), World.refund(9_000));
    redeem.put("client_assertion", WORLD.assertion("older"));
    assertThat(WORLD.post(redeem).status()).isEqualTo(200);
  }

  @Test
  void aClientThatCancelsEndsItsApproval() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);

    World.Form form = WORLD.open(stepUp.text("approval_id"));

    Answer gone = call("DELETE", PATH + "/" + stepUp.text("approval_id"), stepUp, "");

    assertThat(gone.status()).isEqualTo(204);
    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("EXPIRED");
    assertThat(WORLD.submit(form, "approve", WORLD.codeFor(person)).status()).isEqualTo(409);
    assertThat(WORLD.entries(LedgerEvent.APPROVAL_WITHDRAWN, person.key())).hasSize(1);
  }

  @Test
  void aLongPollIsAnsweredWhenThePersonAnswers() throws Exception {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    String path = PATH + "/" + stepUp.text("approval_id") + "?returnJwt=true&wait=30";

    var waiting = CompletableFuture.supplyAsync(() -> call("GET", path, stepUp, ""));
    WORLD.answerOnPage(stepUp.text("approval_id"), "approve", WORLD.codeFor(person));

    Answer answer = waiting.get(60, TimeUnit.SECONDS);
    assertThat(answer.text("state")).isEqualTo("VERIFY_SUCCESS");
    WORLD.seen(answer.text("assertion"));
  }

  @Test
  void aStreamTellsTheAnswer() throws Exception {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    String path = PATH + "/" + stepUp.text("approval_id");

    var stream =
        CompletableFuture.supplyAsync(() ->
            WORLD.send(
                "GET",
                path,
                null,
                "Authorization",
                "Bearer " + stepUp.text("access_token"),
                "Accept",
                "text/event-stream"));
    WORLD.answerOnPage(stepUp.text("approval_id"), "deny", "");

    Answer told = stream.get(60, TimeUnit.SECONDS);
    assertThat(told.header("content-type")).startsWith("text/event-stream");
    assertThat(told.body()).contains("event: verification").contains("\"state\":\"USER_DENIED\"");
    assertThat(told.body()).doesNotContain("assertion");
  }

  @Test
  void aStandardClientIsToldWhatToPollAndWhichNumber() {
    Person person = WORLD.person();
    Answer stepUp = asked(person, "standard");

    assertThat(stepUp.status()).isEqualTo(400);
    assertThat(stepUp.text("error")).isEqualTo("insufficient_user_authentication");
    assertThat(stepUp.text("number")).matches("[0-9]{2}");
    assertThat(stepUp.text("message")).contains("number " + stepUp.text("number"));
    assertThat(stepUp.json().has("access_token")).isFalse();
    Answer state =
        WORLD.send(
            "GET",
            PATH + "/" + stepUp.text("approval_id"),
            null,
            "Authorization",
            "Bearer " + WORLD.seen(stepUp.text("challenge")));
    assertThat(state.text("state")).isEqualTo("PENDING");
    var poll =
        new java.util.LinkedHashMap<>(
            Map.of(
                "grant_type",
                "urn:openid:params:grant-type:ciba",
                "auth_req_id",
                stepUp.text("auth_req_id"),
                "client_assertion_type",
                dev.countersign.protocol.TokenTypes.JWT_CLIENT_ASSERTION,
                "client_assertion",
                WORLD.assertion("standard")));
    assertThat(WORLD.post(poll).text("error")).isEqualTo("authorization_pending");

    WORLD.answerOnPage(stepUp.text("approval_id"), "approve", WORLD.codeFor(person));
    WORLD.tick(java.time.Duration.ofSeconds(6));
    poll.put("client_assertion", WORLD.assertion("standard"));

    Answer issued = WORLD.post(poll);
    assertThat(issued.status()).isEqualTo(200);
    assertThat(World.claims(issued.text("access_token")).path("sub").stringValue())
        .isEqualTo(person.key());
  }

  @Test
  void theMatchingNumberIsTheSameInChatMailAndPage() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    String number = stepUp.text("number");
    var mail = WORLD.mailsTo(person.mail()).getFirst();

    assertThat(number).matches("[1-9][0-9]");
    assertThat(stepUp.text("message")).endsWith("number " + number);
    for (String told :
        List.of(
            World.part(mail, 0),
            World.part(mail, 1),
            WORLD.page(stepUp.text("approval_id")).body())) {
      assertThat(told).contains(number + ", as in your chat");
    }
  }
}
