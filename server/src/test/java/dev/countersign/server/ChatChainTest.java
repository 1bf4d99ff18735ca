package dev.countersign.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.ScriptedBrowser;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.idp.Person;
import dev.countersign.protocol.StrictJson;
import dev.countersign.server.demo.Mailbox;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// A person chats with the agent in a real browser, and the whole chain answers: permitted, stepped
/// up and approved by a code from the mail, denied, killed.
class ChatChainTest {
  private static final Pattern CODE = Pattern.compile("(?<![0-9-])([0-9]{6})(?![0-9-])");

  @TempDir static Path data = Path.of("");

  @AfterAll
  static void delete() {
    EmbeddedPostgres.delete(data); // as root the cluster lies outside of the temporary folder
  }

  @Test
  void chatsWithBothProvidersAndIsSignedOutByAKill() {
    try (House house = House.rehearsal(data, InstantSource.system())) {
      var development = house.installation().development();
      Person maya = development.entra().orElseThrow().people().getFirst();
      Person lena = development.okta().orElseThrow().people().getFirst();
      try (var browser = browser(house, maya)) {
        chat(house, browser, "Contoso (Entra-shaped)", "chain-entra", maya);
      }
      try (var browser = browser(house, lena)) {
        chat(house, browser, "Okta-shaped", "chain-okta", lena);
        browser.perform(
            StrictJson.object().put("do", "choose").put("name", "B: the agent exchanges"));
        say(browser, "Find R-884-2235");
        await(browser, "Case R-884-2235 of");
        say(browser, "Export all customers");
        await(browser, "by: Token service");
        // A hard cap kills: the session of the chat ends by itself.
        say(browser, "Refund 9000 dollars on R-884-2233");
        await(browser, "You are signed out");
        look(browser, "chain-okta-killed");
      }
    }
  }

  private static ScriptedBrowser browser(House house, Person person) {
    return new ScriptedBrowser(
        "chat.mjs",
        StrictJson.object()
            .put("address", house.console().orElseThrow().baseUri().toString())
            .put("user", person.username())
            .put("password", person.password().reveal()));
  }

  private static void chat(
      House house, ScriptedBrowser browser, String provider, String shot, Person person) {
    browser.perform(StrictJson.object().put("do", "sign-in").put("provider", provider));
    say(browser, "List the latest cases");
    await(browser, "Here are the latest 8 cases.");
    say(browser, "Export all customers");
    await(browser, "That was refused");
    await(browser, "by: Token service");
    look(browser, shot + "-denied");
    stepUp(house, browser, provider, person);
    look(browser, shot + "-approved");
  }

  private static void stepUp(House house, ScriptedBrowser browser, String provider, Person person) {
    Mailbox mails = house.mailbox().orElseThrow();
    int before = mails.count();
    String caseId = person.username().startsWith("maya") ? "R-884-2234" : "R-884-2233";
    say(browser, "Refund 80 dollars on " + caseId);
    await(browser, "waiting for you");
    ObjectNode page =
        browser.perform(StrictJson.object().put("do", "open-approval").put("provider", provider));
    assertThat(page.path("text").asString("")).contains("80.00");
    assertThat(page.path("opener").asBoolean(false)).isTrue();
    String code = code(mails, person, before);
    browser.perform(StrictJson.object().put("do", "approve").put("code", code));
    await(browser, "I refunded 80.00");
    ObjectNode shown = look(browser, "chain-approved");
    assertThat(shown.path("text").asString(""))
        .contains("database login made for this call, and gone")
        .doesNotContain(code);
  }

  private static String code(Mailbox mails, Person person, int before) {
    for (int i = 0; i < 600; i++) {
      Optional<Mailbox.Mail> mail = mails.newest(String.valueOf(person.mail()), before);
      if (mail.isPresent()) {
        Matcher found = CODE.matcher(mail.get().text());
        assertThat(found.find()).isTrue();
        return found.group(1);
      }
      LockSupport.parkNanos(50_000_000);
    }
    throw new AssertionError("no mail came");
  }

  private static void say(ScriptedBrowser browser, String text) {
    browser.perform(StrictJson.object().put("do", "say").put("text", text));
  }

  private static void await(ScriptedBrowser browser, String text) {
    browser.perform(StrictJson.object().put("do", "await").put("text", text));
  }

  private static ObjectNode look(ScriptedBrowser browser, String shot) {
    ObjectNode page = browser.perform(StrictJson.object().put("do", "look").put("shot", shot));
    assertThat(page.path("findings")).as("axe: serious or critical").isEmpty();
    assertThat(page.path("problems")).as("errors on the browser's console").isEmpty();
    return page;
  }
}
