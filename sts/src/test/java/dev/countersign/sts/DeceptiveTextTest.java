package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.FreePort;
import dev.countersign.policy.Policy;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import dev.countersign.sts.box.PolicyFiles;
import dev.countersign.sts.box.StsBox;
import dev.countersign.sts.stepup.Words;
import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What an agent writes into a member of free text, and what the person reads of it: in the mail,
/// as text and as HTML, and on the page.
class DeceptiveTextTest {
  private static final World WORLD = new World();
  private static final StsBox STS = freeText(WORLD);

  /// A replica whose one type has members of free text, and whose policy asks for every request.
  static StsBox freeText(World world) {
    String types =
        """
        types:
          - name: %s
            sentence: "Pay {/amount:money(/currency)} to {/payee}[ for {/reason}]"
            schema:
              type: object
              required: [amount, currency, payee]
              properties:
                amount: { type: integer, minimum: 1, maximum: 100000 }
                currency: { type: string, maxLength: 80 }
                payee: { type: string, minLength: 1, maxLength: 1024 }
                reason: { type: string, maxLength: 1024 }
        """
            .formatted(World.REFUND);
    String policy =
        """
        rules:
          - { name: all, when: "true", then: step_up }
        """;
    try {
      Path folder = Files.createTempDirectory("free-text");
      Path typesFile = Files.writeString(folder.resolve("types.yaml"), types);
      Path policyFile = Files.writeString(folder.resolve("policy.yaml"), policy);
      Policy loaded = Policy.load(policyFile, TypeRegistry.load(typesFile));
      return world.replica(FreePort.any(), DecisionSettings.none(), PolicyFiles.fixed(loaded));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  @AfterAll
  static void close() {
    STS.close();
    WORLD.close();
  }

  static String details(String currency, String... payees) {
    return Arrays.stream(payees)
        .map(payee ->
            StrictJson.write(
                StrictJson.object()
                    .put("type", World.REFUND)
                    .put("amount", 9_000)
                    .put("currency", currency)
                    .put("payee", payee)))
        .collect(Collectors.joining(",", "[", "]"));
  }

  private static Answer ask(Person person, String details) {
    return WORLD.post(STS.baseUri(), WORLD.exchangeForm(WORLD.token(person), details));
  }

  /// Everything that a person reads of a request with this payee.
  private static Seen seen(String... payees) {
    Person person = WORLD.person();
    Answer stepUp = ask(person, details("USD", payees));
    assertThat(stepUp.text("scope")).as(stepUp.body()).isEqualTo("mfa_challenge");
    MimeMessage mail = WORLD.mailsTo(person.mail()).getLast();
    return new Seen(
        World.part(mail, 0).replace("\r\n", "\n"),
        World.part(mail, 1),
        WORLD.page(stepUp.text("approval_id")).body());
  }

  private record Seen(String text, String html, String page) {
    String[] all() {
      return new String[] {text, html, page};
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Acme\u202Egro.elpmaxe", // right-to-left override
        "Acme\u2066x\u2069", // isolates
        "Ac\u200Bme", // zero width
        "Acme\u200F", // mark
        "Acme\r\nBcc: mallory@evil.example",
        "Acme\u2028Total 1.00 USD", // line separator
        "Acme\u3164", // Hangul filler
        "Acme\u2800Ltd", // Braille blank
        "Ac\u034Fme", // grapheme joiner
        "Ac\u00ADme", // soft hyphen
        "Acme\uDB40\uDC41", // tag letter
        "Acme\u0007"
      })
  void D09_charactersThatNobodySeesOrThatReorderAreRefused(String payee) {
    Person person = WORLD.person();

    Answer refused = ask(person, details("USD", payee));
    Answer inCurrency = ask(person, details(payee, "Acme"));

    for (Answer answer : new Answer[] {refused, inCurrency}) {
      assertThat(answer.text("error")).isEqualTo("invalid_authorization_details");
      assertThat(answer.text("error_description"))
          .containsAnyOf(
              "holds a control, direction or invisible character", "holds a control character");
    }
    assertThat(WORLD.mailsTo(person.mail())).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "P\u0430ypal", // one Cyrillic letter
        "\u0430\u0440\u0440\u0456\u0435", // wholly Cyrillic
        "\u039F\u03A1\u0391\u039D", // wholly Greek
        "\uFF30\uFF41\uFF59\uFF30\uFF41\uFF4C", // full width
        "\uD835\uDC0F\uD835\uDC1A\uD835\uDC32\uD835\uDC0F\uD835\uDC1A\uD835\uDC25", // mathematical
        "account \uD835\uDFCF\uD835\uDFD0", // mathematical digits
        "\u13E2\u13AA\u13A9\u13E2\u13AA\u13DE" // Cherokee
      })
  void G08_aPayeeThatLooksLikeAnotherIsTold(String payee) {
    Seen seen = seen(payee);

    assertThat(seen.all()).allSatisfy(text -> assertThat(text).contains(Words.MIXED));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Acme GmbH, München",
        "東京タワー",
        "ｶ)ｱｸﾒ",
        "Київстар",
        "Ελληνική Εταιρεία",
        "삼성전자",
        "1ª Compañía"
      })
  void G08_aNameInItsOwnAlphabetIsNot(String payee) {
    Seen seen = seen(payee);

    assertThat(seen.all())
        .allSatisfy(text -> assertThat(text).contains(payee).doesNotContain(Words.MIXED));
  }

  @Test
  void G08_aNameThatRunsFromRightToLeftStaysWithinItself() {
    Seen seen = seen("שלום 1.00 USD");

    // The amount that counts stands alone, before all else.
    assertThat(seen.page()).contains("<p class=\"amount\">90.00 USD</p>");
    assertThat(seen.all())
        .allSatisfy(
            text -> assertThat(text).contains("Pay 90.00 USD to \u2068שלום 1.00 USD\u2069"));
  }

  @Test
  void G08_aVeryLongPayeeIsCutAndSaysSoAndHidesNoAmount() {
    Seen seen = seen("Acme ".repeat(190) + "and 1.00 USD");

    for (String text : seen.all()) {
      assertThat(text).contains("… (cut: too long to show)").doesNotContain("and 1.00 USD");
      assertThat(text.indexOf("90.00 USD")).isNotNegative().isLessThan(text.indexOf("Acme"));
    }
    Seen single = seen("W".repeat(1_024));
    assertThat(single.page()).contains("overflow-wrap: anywhere").contains("(cut: too long");
  }

  @Test
  void G08_marksThatPileUpDoNotCoverTheLineAbove() {
    Seen seen = seen("Acme" + "\u0335\u0336\u0337\u0338".repeat(40));

    assertThat(seen.page()).contains("Acme\u0335\u0336\u0337\u0338\uFFFD");
    assertThat(seen.page().codePoints().filter(point -> point == 0x0338)).hasSize(1);
  }

  @Test
  void RA_20_D17_G08_markupInAPayeeIsText() {
    String payee = "</p><img src=x onerror=alert(1)>\"' & <b>1.00 USD</b>";

    Seen seen = seen(payee);

    assertThat(seen.text()).contains(payee);
    for (String html : new String[] {seen.html(), seen.page()}) {
      assertThat(html)
          .contains("&lt;/p&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39; &amp; &lt;b&gt;")
          .doesNotContain("<img");
    }
  }

  @Test
  void G08_everyElementOfALongRequestIsThere() {
    String[] payees =
        IntStream.rangeClosed(1, 16).mapToObj(i -> "Payee-" + i + "-end").toArray(String[]::new);

    Seen seen = seen(payees);

    assertThat(seen.all()).allSatisfy(text -> assertThat(text).contains(payees));
  }

  @Test
  void G08_theSubjectOfTheMailIsOneLineOfOurOwn() throws MessagingException {
    Person person = WORLD.person();
    ask(person, details("USD =?utf-8?q?=0D=0ABcc:_mallory@evil.example?=", "Acme"));

    MimeMessage mail = WORLD.mailsTo(person.mail()).getLast();

    assertThat(mail.getHeader("Bcc")).isNull();
    assertThat(mail.getAllRecipients()).hasSize(1);
    assertThat(mail.getHeader("Subject")).hasSize(1);
    assertThat(mail.getHeader("Subject")[0]).doesNotContain("\r\nBcc");
  }
}
