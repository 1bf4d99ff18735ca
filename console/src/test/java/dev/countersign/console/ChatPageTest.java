package dev.countersign.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.StrictJson;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// The chat's page in a real browser: what it shows, to whom, and what hostile text does to it.
class ChatPageTest {
  private static final String REFUND =
      "{\"case_id\":\"R-884-2233\",\"amount_cents\":8000,\"currency\":\"USD\"}";
  private static final int MOST_BYTES = 150_000;

  @Test
  void showsCallsApprovalsAndRefusalsAndNothingHostileRuns() {
    try (var world = new ChatWorld(SessionLimits.STANDARD);
        var person = new PersonInChromium(world.address, ChatWorld.MAYA, ChatWorld.PASSWORD)) {
      person.signIn("Contoso");
      person.await("Refund a customer");
      ObjectNode fresh = person.look("chat-1-fresh");
      judge(fresh, world);
      assertThat(fresh.path("bytes").asInt(0)).isBetween(5_000, MOST_BYTES);
      assertThat(fresh.path("text").asString(""))
          .contains("Maya <Lindqvist>", "signed in at Contoso", "changes data");

      world.model.calls("process_refund", REFUND);
      world.gateway.results.add(approval());
      person.say("Refund 80 dollars on R-884-2233");
      person.await("waiting for you");
      judge(person.look("chat-2-waiting"), world);

      world.gateway.results.add(hostile());
      world.model.says("<img src=x onerror=alert(1)>", " <script>alert(2)</script> \u202Edone");
      person.click("I have answered");
      person.await("made for this call, and gone");
      person.await("<script>alert(2)</script>");
      ObjectNode shown = person.look("chat-3-done");
      judge(shown, world);
      assertThat(shown.path("text").asString(""))
          .contains("<svg onload=alert(3)>", "<img src=x onerror=alert(1)>")
          .doesNotContain("\u202E", "\u200B");

      world.model.calls("process_refund", REFUND);
      world.gateway.results.add(
          """
          {"isError":true,"content":[],"structuredContent":{"status":"denied","code":"rar_rejected","reason":"above the cap","jti":"jti-broker","reasons":["hard-cap"]}}
          """);
      world.model.says("It was refused.");
      person.say("And 9,000 dollars");
      person.await("by: Credential broker");
      person.await("It was refused.");
      judge(person.look("chat-4-refused"), world);

      world.userInfo.status = 401;
      person.await("You are signed out");
      ObjectNode ended = person.look("chat-5-ended");
      assertThat(ended.path("text").asString("")).contains("Your session was ended");
      assertThat(ended.path("findings")).isEmpty();
      person.click("Sign in again");
      person.await("Choose where you have your account");
      assertThat(person.back().path("text").asString("")).doesNotContain("Last calls");
    }
  }

  private static String approval() {
    return """
    {"isError":true,"content":[],"structuredContent":{"status":"approval_required","approval_id":"a","url":"http://127.0.0.1:1/approve/a","expires_at":"2100-01-01T00:00:00Z"},
     "_meta":{"dev.countersign/jti":"jti-wait"}}
    """;
  }

  private static String hostile() {
    ObjectNode result = StrictJson.object();
    result.putArray("content").addObject().put("type", "text").put("text", "x");
    ObjectNode structured = result.putObject("structuredContent");
    structured.put("<b>name</b>", "<svg onload=alert(3)>");
    structured.put("payee", "\u202Eevil\u200B");
    structured.putArray("rows").addObject().put("a", "javascript:alert(4)").put("__proto__", "x");
    result
        .putObject("_meta")
        .put("dev.countersign/jti", "jti-done")
        .put("dev.countersign/lease", "l")
        .put("dev.countersign/revoked", true);
    return StrictJson.write(result);
  }

  private static void judge(ObjectNode page, ChatWorld world) {
    assertThat(page.path("findings")).as("axe: serious or critical").isEmpty();
    assertThat(page.path("problems")).as("errors on the browser's console").isEmpty();
    assertThat(page.path("origins")).hasSize(1);
    assertThat(page.path("origins").get(0).asString("")).isEqualTo(world.address);
  }
}
