package dev.countersign.policy;

import static dev.countersign.policy.Refunds.caseRequest;
import static dev.countersign.policy.Refunds.details;
import static dev.countersign.policy.Refunds.refund;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SentenceTest {
  private static final Shape.Members PAYMENT = payment();

  @ParameterizedTest
  @CsvSource({
    "8000, USD, 80.00 USD",
    "1, USD, 0.01 USD",
    "99, EUR, 0.99 EUR",
    "1000000000000, USD, 10000000000.00 USD",
    "8000, JPY, 8000 JPY",
    "8000, CHF, 80.00 CHF",
  })
  void D08_writesAmountsWithTheDecimalsOfTheirCurrency(
      String amount, String currency, String says) {
    var element = details(refund(amount, currency, "R-884-2233")).elements().getFirst();

    assertThat(Refunds.TYPES.sentence(element)).isEqualTo("Refund " + says + " to case R-884-2233");
    assertThat(Refunds.TYPES.amountLine(element)).contains(says);
  }

  @Test
  void leavesOutAPartWhoseMemberIsMissing() {
    var find = details(caseRequest("\"action\":\"find_case\",\"caseId\":\"R-884-2233\""));
    var list = details(caseRequest("\"action\":\"list_cases\""));

    assertThat(Refunds.TYPES.sentence(find.elements().getFirst()))
        .isEqualTo("Find case R-884-2233");
    assertThat(Refunds.TYPES.sentence(list.elements().getFirst())).isEqualTo("List cases");
    assertThat(Refunds.TYPES.amountLine(list.elements().getFirst())).isEmpty();
  }

  @Test
  void refusesATypeThatIsNotRegistered() {
    var unknown = details("{\"type\":\"x\"}").elements().getFirst();

    assertThatThrownBy(() -> Refunds.TYPES.sentence(unknown)).isInstanceOf(WireException.class);
  }

  @Test
  void G08_spellsOutWhatAReaderCannotSee() {
    var sentence = Sentence.parse("Pay {/payee}", PAYMENT, SentenceTest::unexpected);

    assertThat(
            sentence.write(
                StrictJson.object().put("payee", "A\u202EB\u200B\nC\u00A0D\u2028\uD83D\uDE00")))
        .isEqualTo("Pay A<U+202E>B<U+200B><U+000A>C<U+00A0>D<U+2028>\uD83D\uDE00");
  }

  @Test
  void doesNotReadValuesAsTemplates() {
    var sentence = Sentence.parse("Pay {/payee}", PAYMENT, SentenceTest::unexpected);

    assertThat(sentence.write(StrictJson.object().put("payee", "{/amount}[%s]${HOME}")))
        .isEqualTo("Pay {/amount}[%s]${HOME}");
  }

  @Test
  void D08_doesNotGuessTheDecimalsOfAnUnknownCurrency() {
    var sentence =
        Sentence.parse("Pay {/amount:money(/currency)}", PAYMENT, SentenceTest::unexpected);

    assertThat(sentence.write(StrictJson.object().put("amount", 8000).put("currency", "ABC")))
        .isEqualTo("Pay 8000 minor units of ABC");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Pay {/amout}",
        "Pay {amount}",
        "Pay {}",
        "Pay {/amount",
        "Pay /amount}",
        "Pay [{/note}",
        "Pay {/note}]",
        "Pay [[{/note}]]",
        "Pay {/note}",
        "Pay {/amount:euro}",
        "Pay {/payee:money(/currency)}",
        "Pay {/amount:money(/amount)}",
        "Pay {/amount:money(currency)}",
      })
  void complainsAboutTemplate(String template) {
    var complaints = new ArrayList<String>();
    Sentence.parse(template, PAYMENT, (_, message) -> complaints.add(message));

    assertThat(complaints).isNotEmpty();
  }

  @Test
  void suggestsTheNearestMember() {
    var complaints = new ArrayList<String>();
    Sentence.parse("Pay {/amout}", PAYMENT, (_, message) -> complaints.add(message));

    assertThat(complaints).isEqualTo(List.of("no member at `/amout`; did you mean `/amount`?"));
  }

  private static void unexpected(String pointer, String message) {
    throw new AssertionError(pointer + ": " + message);
  }

  private static Shape.Members payment() {
    var shapes = new LinkedHashMap<String, Shape>();
    shapes.put("amount", Shape.Scalar.INTEGER);
    shapes.put("currency", Shape.Scalar.TEXT);
    shapes.put("payee", Shape.Scalar.TEXT);
    shapes.put("note", Shape.Scalar.TEXT);
    return new Shape.Members(shapes, Set.of("amount", "currency", "payee"));
  }
}
