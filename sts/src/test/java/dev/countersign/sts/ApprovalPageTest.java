package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Form;
import dev.countersign.sts.World.Person;
import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// What the person sees, in the mail and on the page.
class ApprovalPageTest {
  private static final World WORLD = new World();

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @Test
  void G08_thePageShowsTheAmountFirst() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);

    String page = WORLD.page(stepUp.text("approval_id")).body();

    assertThat(page.indexOf("90.00 USD")).isPositive();
    assertThat(page.indexOf("90.00 USD")).isLessThan(page.indexOf("R-884-2233"));
    assertThat(page)
        .contains("Refund desk agent")
        .contains("5 minutes left")
        .contains(MailAddress.masked(person.mail()))
        .doesNotContain(person.mail());
  }

  @Test
  void RA_05_thePageShowsTheScopeBesideTheDetails() {
    Answer stepUp = WORLD.exchange(WORLD.person(), 9_000);

    String page = WORLD.page(stepUp.text("approval_id")).body();

    assertThat(page).contains("<dt>Scope</dt><dd>refund:write</dd>", "90.00 USD");
  }

  @Test
  void thePageWorksWithKeyboardAndScreenReader() {
    Answer stepUp = WORLD.exchange(WORLD.person(), 9_000);

    String page = WORLD.page(stepUp.text("approval_id")).body();

    assertThat(page)
        .contains("<html lang=\"en\">")
        .contains("<main>")
        .contains("<label for=\"code\">")
        .contains("aria-describedby=\"hint\"")
        .contains("autocomplete=\"one-time-code\"")
        .contains(":focus-visible")
        .contains("prefers-color-scheme: dark")
        .doesNotContain("<script");
    // Enter in the code field presses the first button.
    assertThat(page.indexOf("value=\"approve\"")).isLessThan(page.indexOf("value=\"deny\""));
  }

  @Test
  void G14_thePageCannotBeFramedAndRunsNoScript() {
    Answer stepUp = WORLD.exchange(WORLD.person(), 9_000);

    Answer page = WORLD.page(stepUp.text("approval_id"));

    assertThat(page.header("x-frame-options")).isEqualTo("DENY");
    assertThat(page.header("content-security-policy"))
        .contains("default-src 'none'")
        .contains("frame-ancestors 'none'")
        .contains("form-action 'self'");
    assertThat(page.header("referrer-policy")).isEqualTo("no-referrer");
    assertThat(page.header("cache-control")).isEqualTo("no-store");
    Answer away = WORLD.send("GET", "/approve/sign-in/okta?to=" + stepUp.text("approval_id"), null);
    assertThat(away.header("set-cookie"))
        .contains("HttpOnly")
        .contains("SameSite=Lax")
        .contains("Path=/approve");
  }

  @Test
  void G14_aFormWithoutItsBrowsersCookieChangesNothing() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    String id = stepUp.text("approval_id");
    Form form = WORLD.open(id);
    Form other = WORLD.open(id);

    assertThat(WORLD.submit(new Form(id, form.csrf(), "none=none"), "deny", "").status())
        .isEqualTo(403);
    assertThat(WORLD.submit(new Form(id, form.csrf(), other.cookie()), "deny", "").status())
        .isEqualTo(403);
    assertThat(WORLD.submit(new Form(id, "", form.cookie()), "suspicious", "").status())
        .isEqualTo(403);
    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("PENDING");
  }

  @Test
  void G14_aFormOfOneApprovalDoesNotAnswerAnother() {
    Person person = WORLD.person();
    Form form = WORLD.open(WORLD.exchange(person, 9_000).text("approval_id"));
    Answer second = WORLD.exchange(person, 9_001);

    Answer answer =
        WORLD.submit(new Form(second.text("approval_id"), form.csrf(), form.cookie()), "deny", "");

    assertThat(answer.status()).isEqualTo(403);
    assertThat(WORLD.verification(second).text("state")).isEqualTo("PENDING");
  }

  @Test
  void G14_readingChangesNothing() {
    Answer stepUp = WORLD.exchange(WORLD.person(), 9_000);

    WORLD.send("GET", "/approve/" + stepUp.text("approval_id") + "?action=deny", null);

    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("PENDING");
  }

  @Test
  void anUnknownActionChangesNothing() {
    Answer stepUp = WORLD.exchange(WORLD.person(), 9_000);

    assertThat(WORLD.answerOnPage(stepUp.text("approval_id"), "grant", "").status()).isEqualTo(404);
    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("PENDING");
  }

  @Test
  void theMailSaysTheSameInTextAndHtml() throws MessagingException {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    MimeMessage mail = WORLD.mailsTo(person.mail()).getFirst();
    String text = World.part(mail, 0);
    String html = World.part(mail, 1);
    String code = WORLD.codeFor(person);

    assertThat(mail.getSubject()).isEqualTo("Please approve 90.00 USD").doesNotContain(code);
    assertThat(mail.getFrom()[0].toString())
        .isEqualTo("Countersign <approvals@countersign.example>");
    assertThat(text).startsWith("90.00 USD");
    for (String part : new String[] {text, html}) {
      assertThat(part)
          .contains("90.00 USD")
          .contains("Refund 90.00 USD to case R-884-2233")
          .contains("Refund desk agent")
          .contains(code)
          .contains("January 2026")
          .contains(stepUp.text("approval_uri"));
    }
  }

  @Test
  void wordsHideNothingAndBreakNothing() {
    assertThat(dev.countersign.sts.stepup.Words.plain("a\u202eb\u0000c\nd\u200b"))
        .isEqualTo("a\uFFFDb\uFFFDc d\uFFFD");
    assertThat(dev.countersign.sts.stepup.Words.html("<b a=\"x\" c='y'>&"))
        .isEqualTo("&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;");
  }
}
