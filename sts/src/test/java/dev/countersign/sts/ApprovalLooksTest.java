package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.FreePort;
import dev.countersign.policy.Factor;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Every state of the approval page in Chromium: light and dark, on a desk and on a phone, judged
/// by axe, by the keyboard and by what a screen reader is told.
@Tag("slow")
class ApprovalLooksTest {
  private static final World WORLD =
      new World(
          World.settings(),
          World.stepUp(
              StepUpSettings.Limits.defaults(), List.of(Factor.EMAILOTP, Factor.IDP), null));

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @Test
  void eachStateIsReadableReachableAndTold() {
    Person person = WORLD.person();
    WORLD.okta.signedIn = person.id();
    Answer first = WORLD.exchange(person, 9_000);
    Answer expired = WORLD.exchange(person, 9_100);
    try (var browser = new PersonInChromium(WORLD.issuer)) {
      ObjectNode pending = browser.look(id(first), "code");
      assertSound(pending, "Approve this request?");
      assertThat(pending.path("focus").stringValue()).isEqualTo("code");
      assertThat(pending.path("describes").get(0).stringValue()).contains("Six digits, sent to");
      assertThat(texts(pending.path("tabs")))
          .containsExactly(
              "Code from the mail",
              "Approve",
              "Approve by signing in again",
              "Deny",
              "This is suspicious");

      ObjectNode wrong = browser.type("000000", "wrong");
      assertSound(wrong, "Approve this request?");
      assertThat(texts(wrong.path("told"))).anyMatch(text -> text.contains("4 tries are left"));
      assertThat(texts(wrong.path("describes"))).anyMatch(text -> text.contains("not right"));

      WORLD.submit(WORLD.open(id(first)), "deny", "");
      assertSettled(browser.look(id(first), "denied"), "Denied");

      Answer approved = WORLD.exchange(person, 9_200);
      browser.look(id(approved), "again");
      assertSettled(browser.type(WORLD.codeFor(person), "approved"), "Approved");

      Answer cancelled = WORLD.exchange(person, 9_300);
      dev.countersign.sts.box.StsBox.approvals(WORLD.database, WORLD.ledger::add, WORLD.clock)
          .withdraw(id(cancelled), "an operator withdrew it");
      assertSettled(browser.look(id(cancelled), "cancelled"), "Cancelled");

      assertSound(
          browser.look("AAAAAAAAAAAAAAAAAAAAAAAAAAA", "unknown"), "Nothing to approve here");

      WORLD.tick(Duration.ofMinutes(5).plusSeconds(1));
      assertSettled(browser.look(id(expired), "expired"), "Expired");

      Answer suspicious = WORLD.exchange(person, 9_400);
      WORLD.submit(WORLD.open(id(suspicious)), "suspicious", "");
      WORLD.tick(Duration.ofSeconds(1));
      assertSettled(browser.look(id(suspicious), "suspicious"), "Reported as suspicious");
    }
  }

  @Test
  void whoeverApprovesForAnotherIsToldSo() {
    String policy =
        """
        rules:
          - { name: all, when: "request.type != ''", then: step_up, step_up: { by: { groups: ["okta|leads"] } } }
        """;
    Person person = WORLD.person();
    Person lead = WORLD.person();
    WORLD.okta.groups.put(lead.id(), List.of("leads"));
    dev.countersign.sts.box.StsBox.attributes(WORLD.database)
        .upsert(
            lead.key(),
            AttributeStore.MAIL,
            StrictJson.parse("\"" + lead.mail() + "\""),
            "import",
            WORLD.now.get());
    try (var replica = WORLD.replica(FreePort.any(), policy)) {
      Answer stepUp =
          WORLD.post(
              replica.baseUri(), WORLD.exchangeForm(WORLD.token(person), World.refund(9_000)));
      WORLD.okta.signedIn = person.id();
      try (var browser = new PersonInChromium(WORLD.issuer)) {
        ObjectNode own = browser.look(id(stepUp), "own");
        assertSound(own, "Somebody else must approve this");
        assertThat(texts(own.path("tabs"))).containsExactly("Deny", "This is suspicious");
      }
      WORLD.okta.signedIn = lead.id();
      try (var browser = new PersonInChromium(WORLD.issuer)) {
        ObjectNode asked = browser.look(id(stepUp), "another");
        assertSound(asked, "Approve this for somebody else?");
        assertThat(texts(asked.path("tabs")))
            .containsExactly(
                "Approve by signing in again",
                "Send a code to " + MailAddress.masked(lead.mail()),
                "Deny",
                "This is suspicious");
        WORLD.submit(WORLD.open(id(stepUp), lead.key()), "send-emailotp", Map.of());
        browser.look(id(stepUp), "another-code");
        assertSettled(browser.type(WORLD.codeFor(lead), "another-approved"), "Approved");
      }
    }
  }

  private static String id(Answer stepUp) {
    return stepUp.text("approval_id");
  }

  private static void assertSettled(ObjectNode page, String heading) {
    assertSound(page, heading);
    assertThat(texts(page.path("told"))).as("a live region").hasSize(1);
    assertThat(page.path("tabs")).isEmpty();
  }

  private static void assertSound(ObjectNode page, String heading) {
    assertThat(page.path("heading").stringValue()).isEqualTo(heading);
    assertThat(page.path("title").stringValue()).isEqualTo(heading + " · Countersign");
    assertThat(page.path("axe")).as("axe").isEmpty();
    assertThat(page.path("tooWide").asBoolean(true)).as("too wide for a phone").isFalse();
    assertThat(page.path("landmarks").intValue()).isEqualTo(1);
    // The browser itself tells of the 4xx of a page that refuses.
    assertThat(texts(page.path("problems"))).allMatch(text -> text.contains("status of 4"));
  }

  private static List<String> texts(JsonNode array) {
    return array.valueStream().map(JsonNode::stringValue).toList();
  }
}
