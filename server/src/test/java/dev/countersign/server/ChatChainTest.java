package dev.countersign.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.Database;
import dev.countersign.box.ScriptedBrowser;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.idp.Person;
import dev.countersign.ledger.TracePicture;
import dev.countersign.protocol.StrictJson;
import dev.countersign.server.demo.Mailbox;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// A person chats with the agent in a real browser, and the whole chain answers. Each person lives
/// through both patterns: permitted, stepped up and approved by a code from the mail, denied,
/// killed.
class ChatChainTest {
  private static final Pattern CODE = Pattern.compile("(?<![0-9-])([0-9]{6})(?![0-9-])");
  private static final Pattern LOGIN = Pattern.compile("Database login (\\S+) exists now");
  private static final Pattern CALL = Pattern.compile("Call (\\S+), as every box");
  private static final String ENTRA = "Contoso (Entra-shaped)";
  private static final String OKTA = "Okta-shaped";
  private static final String PATTERN_A = "A: the gateway exchanges";
  private static final String PATTERN_B = "B: the agent exchanges";

  @TempDir static Path data = Path.of("");
  private static House house;

  @BeforeAll
  static void open() {
    house = House.rehearsal(data, InstantSource.system());
  }

  @AfterAll
  static void close() {
    house.close();
    EmbeddedPostgres.delete(data); // as root the cluster lies outside of the temporary folder
  }

  @Test
  void withEntraSeesEveryOutcomeInBothPatternsApprovesOnAPhoneAndWatchesTheLogin() {
    Person maya = house.installation().development().entra().orElseThrow().people().getFirst();
    try (var browser = browser(maya)) {
      browser.perform(StrictJson.object().put("do", "sign-in").put("provider", ENTRA));
      say(browser, "List the latest cases");
      await(browser, "Here are the latest 8 cases.");
      isDenied(browser, "chain-entra-a-denied");
      approve(browser, maya, "R-884-2234", approval(ENTRA));
      ObjectNode approved = look(browser, "chain-entra-a-approved");
      assertThat(approved.path("text").asString("")).contains("made for this call, and gone");
      showsTheSamePictureAsTheCommandLine(browser);

      choose(browser, PATTERN_B);
      approve(browser, maya, "R-884-2235", approval(ENTRA).put("phone", true));
      shoot(browser, "chain-entra-b-approved-on-a-phone");
      loginAppearsAndVanishes(browser);
      isDenied(browser, "chain-entra-b-denied");

      choose(browser, PATTERN_A);
      isKilled(browser, "chain-entra-a-killed");
    }
  }

  @Test
  void withOktaDoesTheWholeJobByKeyboardAloneSignsOutEverywhereAndIsKilledUnderPatternB() {
    Person lena = house.installation().development().okta().orElseThrow().people().getFirst();
    try (var browser = browser(lena)) {
      browser.perform(
          StrictJson.object().put("do", "sign-in").put("provider", OKTA).put("keyboard", true));
      walk(browser, "Your message", "");
      browser.perform(StrictJson.object().put("do", "type").put("text", "Find R-884-2233\n"));
      await(browser, "Case R-884-2233 of");
      int before = mails().count();
      walk(browser, "Your message", "");
      browser.perform(
          StrictJson.object().put("do", "type").put("text", "Refund 80 dollars on R-884-2233\n"));
      await(browser, "You must approve this yourself");
      look(browser, "chain-okta-a-waiting");
      walk(browser, "Approve or refuse", "");
      answer(browser, lena, before, approval(OKTA).put("keyboard", true));
      await(browser, "I refunded 80.00");
      shoot(browser, "chain-okta-a-approved");
      isDenied(browser, "chain-okta-a-denied");
      walk(browser, PATTERN_A, "ArrowDown");
      assertThat(walk(browser, PATTERN_B, "").path("focus").asString("")).contains("B:");
      walk(browser, "Sign out", "Enter");
      await(browser, "Choose where you have your account.");

      // The provider asks again: its session ended with ours.
      browser.perform(StrictJson.object().put("do", "sign-in").put("provider", OKTA));
      choose(browser, PATTERN_B);
      say(browser, "Find R-884-2235");
      await(browser, "Case R-884-2235 of");
      approve(browser, lena, "R-884-2234", approval(OKTA));
      shoot(browser, "chain-okta-b-approved");
      isDenied(browser, "chain-okta-b-denied");
      isKilled(browser, "chain-okta-b-killed");
    }
  }

  private static ScriptedBrowser browser(Person person) {
    return new ScriptedBrowser(
        "chat.mjs",
        StrictJson.object()
            .put("address", house.console().orElseThrow().baseUri().toString())
            .put("user", person.username())
            .put("password", person.password().reveal()));
  }

  private static Mailbox mails() {
    return house.mailbox().orElseThrow();
  }

  private static void isDenied(ScriptedBrowser browser, String shot) {
    say(browser, "Export all customers");
    await(browser, "That was refused");
    shoot(browser, shot);
    assertThat(read(browser))
        .contains("by: Token service", "exporting customers is blocked for everyone");
  }

  /// A hard cap kills: the session of the chat ends by itself.
  private static void isKilled(ScriptedBrowser browser, String shot) {
    say(browser, "Refund 9000 dollars on R-884-2233");
    await(browser, "You are signed out");
    look(browser, shot);
  }

  private static ObjectNode approval(String provider) {
    return StrictJson.object().put("do", "open-approval").put("provider", provider);
  }

  private static void approve(
      ScriptedBrowser browser, Person person, String caseId, ObjectNode opening) {
    int before = mails().count();
    say(browser, "Refund 80 dollars on " + caseId);
    await(browser, "You must approve this yourself");
    answer(browser, person, before, opening);
    await(browser, "I refunded 80.00 USD on " + caseId);
  }

  private static void answer(
      ScriptedBrowser browser, Person person, int mailsBefore, ObjectNode opening) {
    ObjectNode page = browser.perform(opening);
    assertThat(page.path("text").asString("")).contains("80.00");
    assertThat(page.path("opener").asBoolean(false)).as("no way back to the chat").isTrue();
    assertThat(page.path("wider").asInt(1)).as("pixels too wide").isNotPositive();
    String code = code(person, mailsBefore);
    browser.perform(
        StrictJson.object()
            .put("do", "approve")
            .put("code", code)
            .put("keyboard", opening.path("keyboard").asBoolean(false)));
    assertThat(read(browser)).doesNotContain(code);
  }

  private static String code(Person person, int before) {
    for (int i = 0; i < 600; i++) {
      Optional<Mailbox.Mail> mail = mails().newest(String.valueOf(person.mail()), before);
      if (mail.isPresent()) {
        Matcher found = CODE.matcher(mail.get().text());
        assertThat(found.find()).isTrue();
        return found.group(1);
      }
      LockSupport.parkNanos(50_000_000);
    }
    throw new AssertionError("no mail came");
  }

  private static void showsTheSamePictureAsTheCommandLine(ScriptedBrowser browser) {
    ObjectNode trace =
        browser.perform(StrictJson.object().put("do", "trace").put("shot", "chain-trace"));
    assertThat(trace.path("findings")).isEmpty();
    Matcher call = CALL.matcher(trace.path("text").asString(""));
    assertThat(call.find()).isTrue();
    assertThat(trace.path("text").asString("")).contains("You approved.", "The database login is");
    assertThat(asBrowsersWrite(trace.path("svg").asString("")))
        .isEqualTo(asBrowsersWrite(TracePicture.svg(house.ledger().trace(call.group(1)))));
  }

  private static String asBrowsersWrite(String svg) {
    return svg.replaceAll("<(line|path|circle)([^>]*)/>", "<$1$2></$1>")
        .replace("&#39;", "'")
        .replace('"', '\'');
  }

  /// A trigger holds the statement while somebody looks: the login is in PostgreSQL and on the
  /// page, and afterwards in neither.
  private static void loginAppearsAndVanishes(ScriptedBrowser browser) {
    try (Database refunds =
        Database.open("watcher", house.embeddedSuperuser().database("refunds"), 1)) {
      execute(
          refunds,
          """
          CREATE TABLE public.held ();
          INSERT INTO public.held DEFAULT VALUES;
          CREATE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
          BEGIN
            WHILE EXISTS (SELECT FROM public.held) LOOP PERFORM pg_sleep(0.02); END LOOP;
            RETURN NEW;
          END $$;
          CREATE TRIGGER hold BEFORE INSERT ON refunds.refunds
             FOR EACH ROW EXECUTE FUNCTION public.hold()
          """);
      say(browser, "Refund 20 dollars on R-884-2233");
      await(browser, "exists now, for this call only");
      shoot(browser, "chain-login-exists"); // quick: the statement may be held for 30 s at most
      Matcher login = LOGIN.matcher(read(browser));
      assertThat(login.find()).isTrue();
      assertThat(logins(refunds, login.group(1))).isOne();

      execute(refunds, "DELETE FROM public.held");
      await(browser, "I refunded 20.00");
      await(browser, login.group(1) + " made for this call, and gone");
      assertThat(logins(refunds, login.group(1))).isZero();
      execute(refunds, "DROP TRIGGER hold ON refunds.refunds");
    }
  }

  private static long logins(Database database, String name) {
    return database.query(connection -> {
      try (var statement =
          connection.prepareStatement("SELECT count(*) FROM pg_roles WHERE rolname = ?")) {
        statement.setString(1, name);
        try (var rows = statement.executeQuery()) {
          rows.next();
          return rows.getLong(1);
        }
      }
    });
  }

  private static void execute(Database database, String sql) {
    database.query(connection -> {
      try (var statement = connection.createStatement()) {
        return statement.execute(sql);
      }
    });
  }

  private static void say(ScriptedBrowser browser, String text) {
    browser.perform(StrictJson.object().put("do", "say").put("text", text));
  }

  private static void await(ScriptedBrowser browser, String text) {
    browser.perform(StrictJson.object().put("do", "await").put("text", text));
  }

  private static void choose(ScriptedBrowser browser, String pattern) {
    browser.perform(StrictJson.object().put("do", "choose").put("name", pattern));
  }

  private static ObjectNode walk(ScriptedBrowser browser, String to, String key) {
    return browser.perform(StrictJson.object().put("do", "walk").put("to", to).put("key", key));
  }

  private static String read(ScriptedBrowser browser) {
    return browser.perform(StrictJson.object().put("do", "read")).path("text").asString("");
  }

  private static void shoot(ScriptedBrowser browser, String name) {
    browser.perform(StrictJson.object().put("do", "shoot").put("shot", name));
  }

  private static ObjectNode look(ScriptedBrowser browser, String shot) {
    ObjectNode page = browser.perform(StrictJson.object().put("do", "look").put("shot", shot));
    assertThat(page.path("findings")).as("axe: serious or critical").isEmpty();
    assertThat(page.path("problems")).as("errors on the browser's console").isEmpty();
    return page;
  }
}
