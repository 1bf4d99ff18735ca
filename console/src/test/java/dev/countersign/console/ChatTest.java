package dev.countersign.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.StrictJson;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

class ChatTest {
  private static final ChatWorld WORLD = new ChatWorld(SessionLimits.STANDARD);
  private static final String REFUND =
      "{\"case_id\":\"R-884-2233\",\"amount_cents\":8000,\"currency\":\"USD\"}";
  private static final String DONE =
      """
      {"content":[{"type":"text","text":"refunded"}],"structuredContent":{"refund_id":7},
       "_meta":{"dev.countersign/jti":"jti-done","dev.countersign/lease":"l","dev.countersign/revoked":true}}
      """;
  private static final String APPROVE =
      """
      {"isError":true,"content":[{"type":"text","text":"open http://127.0.0.1:1/approve/a"}],
       "structuredContent":{"status":"approval_required","approval_id":"a","number":"61","url":"http://127.0.0.1:1/approve/a","expires_at":"2100-01-01T00:00:00Z"},
       "_meta":{"dev.countersign/jti":"jti-wait"}}
      """;

  private ChatClient chat;

  @BeforeEach
  void signIn() {
    WORLD.gateway.calls.clear();
    WORLD.gateway.bearers.clear();
    WORLD.gateway.results.clear();
    WORLD.gateway.nextResult = DONE;
    WORLD.gateway.refusesBearers = false;
    WORLD.gateway.hold = new CountDownLatch(0);
    WORLD.userInfo.status = 200;
    WORLD.model.forget();
    chat = new ChatClient(WORLD.address, WORLD.maya());
  }

  @AfterEach
  void leave() {
    WORLD.gateway.hold.countDown();
    chat.close();
  }

  @AfterAll
  static void stop() {
    WORLD.close();
  }

  private ChatClient.Event card(String state) {
    return chat.await("card", data -> data.path("state").asString("").equals(state));
  }

  @Test
  void showsAnAnswerAsItComesAndThenWhole() {
    WORLD.model.says("Good ", "morning.");

    assertThat(chat.say("message-1", "Hello").statusCode()).isEqualTo(202);
    chat.awaitDone();

    assertThat(chat.await("person", _ -> true).data().path("text").asString("")).isEqualTo("Hello");
    assertThat(chat.await("said", _ -> true).data().path("text").asString(""))
        .isEqualTo("Good morning.");
    assertThat(WORLD.model.asked.getFirst()).contains("Hello", "process_refund", "amount_cents");
  }

  @Test
  void callsTheToolThatTheModelNamesAndGivesItTheResult() {
    WORLD.model.calls("process_refund", REFUND);
    WORLD.model.says("Refunded.");

    chat.say("message-1", "Refund 80 dollars on R-884-2233");
    chat.awaitDone();

    ObjectNode done = card("done").data();
    assertThat(done.path("title").asString("")).isEqualTo("Refund a customer");
    assertThat(done.path("jti").asString("")).isEqualTo("jti-done");
    assertThat(done.path("login").has("until")).isTrue();
    assertThat(done.path("result").path("refund_id").asInt(0)).isEqualTo(7);
    assertThat(StrictJson.write(WORLD.gateway.calls.getFirst().path("arguments")))
        .isEqualTo(REFUND);
    assertThat(WORLD.model.asked.getLast()).contains("\"refunded\"", "call-0");
  }

  @Test
  void runsSeveralCallsOfOneAnswer() {
    WORLD.model.calls("process_refund", REFUND, "process_refund", REFUND.replace("8000", "9000"));
    WORLD.model.says("Both.");

    chat.say("message-1", "Both refunds");
    chat.awaitDone();

    assertThat(WORLD.gateway.calls).hasSize(2);
    assertThat(WORLD.model.asked.getLast()).contains("call-0", "call-1");
  }

  @Test
  void neverTellsTheModelOrThePageATokenOrTheApprovalsAddress() {
    WORLD.gateway.results.addAll(List.of(APPROVE, DONE));
    WORLD.model.calls("process_refund", REFUND);
    WORLD.model.says("Done.");

    chat.say("message-1", "Refund");
    chat.again(card("waiting").data().path("id").asString(""));
    chat.awaitDone();

    String bearer = WORLD.gateway.bearers.getFirst();
    assertThat(WORLD.model.asked)
        .noneMatch(text -> text.contains(bearer) || text.contains("/approve/"));
    assertThat(chat.events()).noneMatch(event -> StrictJson.write(event.data()).contains(bearer));
  }

  @Test
  void waitsForTheApprovalAndGoesOnOnceItIsGiven() {
    WORLD.gateway.results.addAll(List.of(APPROVE, APPROVE, DONE));
    WORLD.model.calls("process_refund", REFUND);
    WORLD.model.says("Done.");

    chat.say("message-1", "Refund");
    ObjectNode waiting = card("waiting").data();
    assertThat(waiting.path("approval").path("url").asString(""))
        .isEqualTo("http://127.0.0.1:1/approve/a");
    assertThat(waiting.path("approval").path("number").asString("")).isEqualTo("61");
    chat.again(waiting.path("id").asString(""));
    chat.awaitDone();

    assertThat(card("done").data().has("approval")).isFalse();
    assertThat(WORLD.gateway.calls).hasSize(3);
  }

  @Test
  void doesNotLinkAnApprovalAddressThatIsNoWebAddress() {
    WORLD.gateway.results.add(
        APPROVE.replace("http://127.0.0.1:1/approve/a\",\"exp", "javascript:alert(1)\",\"exp"));
    WORLD.model.calls("process_refund", REFUND);

    chat.say("message-1", "Refund");

    assertThat(card("waiting").data().path("approval").has("url")).isFalse();
  }

  @Test
  void saysThatNobodyApprovedInTime() {
    WORLD.gateway.nextResult = APPROVE.replace("2100-", "2020-");
    WORLD.model.calls("process_refund", REFUND);
    WORLD.model.says("It expired.");

    chat.say("message-1", "Refund");
    chat.awaitDone();

    assertThat(card("refused").data().path("code").asString("")).isEqualTo("approval_expired");
  }

  @Test
  void showsWhichBoxRefused() {
    WORLD.gateway.results.addAll(
        List.of(
            denied("access_denied", "jti-sts"),
            denied("rar_rejected", "jti-broker"),
            denied("database_forbidden", "jti-db")));
    WORLD.model.calls("process_refund", REFUND);
    WORLD.model.calls("process_refund", REFUND);
    WORLD.model.calls("process_refund", REFUND);
    WORLD.model.says("No.");

    chat.say("message-1", "Refund");
    chat.awaitDone();

    for (String box : List.of("Token service", "Credential broker", "PostgreSQL")) {
      chat.await("card", data -> data.path("box").asString("").equals(box));
    }
    assertThat(WORLD.model.asked.getLast()).contains("Do not try another way");
  }

  private static String denied(String code, String jti) {
    return """
    {"isError":true,"content":[],"structuredContent":{"status":"denied","code":"%s","reason":"above the cap","jti":"%s","reasons":["hard-cap"]}}
    """
        .formatted(code, jti);
  }

  @Test
  void takesTheSameMessageOnce() {
    WORLD.model.says("One.");

    chat.say("message-1", "Hello");
    chat.awaitDone();
    assertThat(chat.say("message-1", "Hello").statusCode()).isEqualTo(202);

    assertThat(WORLD.model.asked).hasSize(1);
    assertThat(chat.events().stream().filter(event -> event.kind().equals("person"))).hasSize(1);
  }

  @Test
  void takesNoSecondMessageWhileTheAgentWorks() {
    WORLD.gateway.hold = new CountDownLatch(1);
    WORLD.model.calls("process_refund", REFUND);
    WORLD.model.says("Done.");
    chat.say("message-1", "Refund");
    card("asked");

    assertThat(chat.say("message-2", "And another").statusCode()).isEqualTo(409);

    WORLD.gateway.hold.countDown();
    chat.awaitDone();
  }

  @Test
  void missesNothingAfterALostConnectionAndRepeatsNothing() {
    WORLD.gateway.hold = new CountDownLatch(1);
    WORLD.model.calls("process_refund", REFUND);
    WORLD.model.says("Done.");
    chat.say("message-1", "Refund");
    long seen = card("asked").id();
    chat.close();
    WORLD.gateway.hold.countDown();

    chat.listen(seen);
    chat.awaitDone();

    assertThat(chat.events()).allMatch(event -> event.id() > seen);
    assertThat(chat.await("said", _ -> true).data().path("text").asString("")).isEqualTo("Done.");
    assertThat(card("done").data().path("jti").asString("")).isEqualTo("jti-done");
    assertThat(WORLD.gateway.calls).hasSize(1);
  }

  @Test
  void showsTheSameConversationInASecondTab() {
    WORLD.model.says("Good morning.");
    chat.say("message-1", "Hello");
    chat.awaitDone();

    chat.listen(0);

    chat.await("person", data -> data.path("text").asString("").equals("Hello"));
    chat.await("said", data -> data.path("text").asString("").equals("Good morning."));
    assertThat(chat.events()).noneMatch(event -> event.kind().equals("delta"));
  }

  @Test
  void stopsACallWhenThePersonSaysSo() {
    WORLD.gateway.hold = new CountDownLatch(1);
    WORLD.model.calls("process_refund", REFUND);
    chat.say("message-1", "Refund");
    card("asked");

    chat.stop();

    card("cancelled");
    chat.await("turn", data -> data.path("problem").asString("").contains("stopped"));
  }

  @Test
  void saysInWordsThatTheModelIsAwayAndGoesOnAfterwards() {
    WORLD.model.fails(401);
    chat.say("message-1", "Hello");
    chat.await(
        "turn", data -> data.path("problem").asString("").contains("does not accept our key"));

    WORLD.model.says("Here again.");
    chat.say("message-2", "Hello?");

    chat.await("said", data -> data.path("text").asString("").equals("Here again."));
  }

  @Test
  void givesTheModelWhatIsWrongWithAToolThatDoesNotExist() {
    WORLD.gateway.results.add(
        """
        {"isError":true,"content":[{"type":"text","text":"no such tool"}],"structuredContent":{"status":"failed","code":"unknown_tool"}}
        """);
    WORLD.model.calls("drop_tables", "{}");
    WORLD.model.says("I cannot do that.");

    chat.say("message-1", "Drop the tables");
    chat.awaitDone();

    assertThat(card("failed").data().path("code").asString("")).isEqualTo("unknown_tool");
    assertThat(WORLD.model.asked.getLast()).contains("no such tool");
  }

  @Test
  void stopsAModelThatCallsWithoutEnd() {
    for (int i = 0; i < 20; i++) {
      WORLD.model.calls("process_refund", REFUND);
    }

    chat.say("message-1", "Refund");
    chat.await("turn", data -> data.path("problem").asString("").contains("times in a row"));

    assertThat(WORLD.gateway.calls).hasSize(8);
  }

  @Test
  void cutsAHugeResultForTheModel() {
    WORLD.gateway.results.add(
        "{\"content\":[{\"type\":\"text\",\"text\":\"" + "x".repeat(400_000) + "\"}]}");
    WORLD.model.calls("process_refund", REFUND);
    WORLD.model.says("Much.");

    chat.say("message-1", "Refund");
    chat.awaitDone();

    assertThat(WORLD.model.asked.getLast())
        .hasSizeLessThan(30_000)
        .contains("the rest is left out");
  }

  @Test
  void signsOutWithinSecondsWhenTheTokenServiceNoLongerKnowsThePerson() {
    WORLD.userInfo.status = 401;

    assertThat(chat.await("session", _ -> true).data().path("reason").asString(""))
        .contains("Your session was ended");
    assertThat(chat.say("message-1", "Hello").statusCode()).isEqualTo(401);
    assertThat(chat.get("/chat").statusCode()).isEqualTo(303);
  }

  @Test
  void staysWhileTheTokenServiceIsAway() {
    WORLD.userInfo.status = 503;
    WORLD.model.says("Still here.");

    chat.say("message-1", "Hello");
    chat.awaitDone();

    assertThat(chat.events()).noneMatch(event -> event.kind().equals("session"));
  }

  @Test
  void endsTheSessionWhenTheGatewayNoLongerAcceptsTheBearer() {
    WORLD.gateway.refusesBearers = true;

    chat.say("message-1", "Hello");

    assertThat(chat.await("session", _ -> true).data().path("reason").asString(""))
        .contains("no longer accepted");
  }

  @Test
  void refusesEveryPostThatDoesNotComeFromItsOwnPage() {
    ObjectNode body =
        StrictJson.object().put("id", "message-1").put("text", "Hello").put("pattern", "te");

    for (String path :
        List.of("/chat/messages", "/chat/cancel", "/chat/pattern", "/chat/cards/any/again")) {
      assertThat(chat.post(path, body, "guessed").statusCode()).as(path).isEqualTo(403);
      assertThat(chat.post(path, body, "").statusCode()).as(path).isEqualTo(403);
    }
    Browser person = WORLD.maya();
    for (String path : List.of("/call", "/sign-out")) {
      assertThat(person.post(WORLD.address + path, Map.of("csrf", "guessed")).status())
          .as(path)
          .isEqualTo(403);
    }

    assertThat(WORLD.model.asked).isEmpty();
    assertThat(WORLD.gateway.calls).isEmpty();
    assertThat(person.once(WORLD.address + "/chat").status()).isEqualTo(200);
  }

  @Test
  void letsNobodyFrameThePageAndRunsNothingThatIsNotItsOwn() {
    var headers = chat.get("/chat").headers();

    assertThat(headers.firstValue("X-Frame-Options")).contains("DENY");
    assertThat(headers.firstValue("Content-Security-Policy").orElse(""))
        .contains(
            "default-src 'none'",
            "script-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'")
        .doesNotContain("unsafe", "http:", "*");
    assertThat(headers.firstValue("Referrer-Policy")).contains("no-referrer");
  }

  @Test
  void saysInWordsThatThereIsNoSuchPage() {
    var nowhere = chat.get("/nowhere");

    assertThat(nowhere.statusCode()).isEqualTo(404);
    assertThat(nowhere.body()).contains("There is no such page.");
    assertThat(chat.get("/healthz").statusCode()).isEqualTo(200);
  }

  @Test
  void takesNoMessageThatIsFarTooLarge() {
    assertThat(chat.say("message-1", "x".repeat(200_000)).statusCode()).isEqualTo(413);
    assertThat(WORLD.model.asked).isEmpty();
  }

  @Test
  void tellsNothingToAPageOfAnotherSession() {
    WORLD.model.says("Good morning.");
    chat.say("message-1", "Hello");
    chat.awaitDone();

    assertThat(chat.get("/chat/events?of=of-an-earlier-session").statusCode()).isEqualTo(204);
    assertThat(chat.get("/chat/events").statusCode()).isEqualTo(204);
  }

  @Test
  void saysOfACallThatRunsWhenTheSessionEndsThatItsTraceTellsTheRest() {
    WORLD.gateway.hold = new CountDownLatch(1);
    WORLD.model.calls("process_refund", REFUND);
    chat.say("message-1", "Refund");
    card("asked");

    WORLD.userInfo.status = 401;
    chat.await("session", _ -> true);
    WORLD.gateway.hold.countDown();

    assertThat(card("cancelled").data().path("text").asString(""))
        .isEqualTo("Your session ended during this call. Whether it was done is in its trace.");
  }

  @Test
  void namesWhatIsWrongWithAMessage() {
    assertThat(chat.say("x", "Hello").body()).contains("`id`");
    assertThat(chat.say("message-1", "  ").body()).contains("`text`");
    assertThat(chat.say("message-1", "x".repeat(8_001)).body()).contains("`text`");
  }

  @Test
  void showsTheTraceOfOwnCallsOnly() {
    WORLD.model.calls("process_refund", REFUND);
    WORLD.model.says("Done.");
    chat.say("message-1", "Refund");
    chat.awaitDone();

    assertThat(chat.get("/chat/traces/jti-done").body())
        .contains("Policy refused this request.", "Token service", "&lt;img")
        .doesNotContain("<img");
    assertThat(chat.get("/chat/traces/jti-of-somebody-else").statusCode()).isEqualTo(404);
  }

  @Test
  void showsNothingToSomebodyWhoIsNotSignedIn() {
    var stranger = new Browser();

    assertThat(stranger.once(WORLD.address + "/chat").status()).isEqualTo(303);
    assertThat(stranger.once(WORLD.address + "/chat/events").status()).isEqualTo(204);
    assertThat(stranger.once(WORLD.address + "/chat/tools").status()).isEqualTo(401);
    assertThat(stranger.once(WORLD.address + "/chat/traces/jti-done").status()).isEqualTo(303);
  }
}
