package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.World.Answer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/// Authorization details through the token endpoint: what is refused says where and which rule;
/// what is accepted is signed in one form; what a type marks is not in the ledger.
class DetailsTest {
  private static final World WORLD = new World();
  private static final String CASE =
      "[{\"type\":\"urn:smt:agent:case\",\"operationDetails\":"
          + "{\"action\":\"find_case\",\"caseId\":\"R-884-2233\"}}]";

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @ParameterizedTest(name = "{0}: {1} -> {2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          D02 | agent:refund          | agent:payout                    | [0].type is not a type that is known here
          D03 | {"currency"           | {"currency2":"EUR","currency"   | instructedAmount.currency2 is not a member of this type
          D04 | "amount":100          | "amount":100,"amount":8000      | a member name occurs twice
          D04 | "amount":100          | "amount":100,"\\u0061mount":8000 | a member name occurs twice
          D05 | "amount":100          | "amount":8000.0                 | amount must be an integer of at most 64 bits
          D05 | "amount":100          | "amount":8e3                    | amount must be an integer of at most 64 bits
          D06 | "amount":100          | "amount":"8000"                 | amount must be of type integer
          D07 | "amount":100          | "amount":9007199254740993       | amount must be at most
          D07 | "amount":100          | "amount":8000.000000000000001   | amount must be an integer of at most 64 bits
          D08 | "USD"                 | "usd"                           | currency must be one of
          D08 | "currency":"USD",     |                                 | currency is missing
          D09 | agent:refund          | agent:r\u0435fund               | [0].type is not a type that is known here
          D09 | R-884-2233            | R-884-\u202E2233                | identification holds a control, direction or invisible character
          D10 | {"currency"           | {"constructor":1,"currency"     | instructedAmount.constructor is not a member of this type
          D17 | R-884-2233            | '; DROP ROLE x; --              | identification does not have the required form
          D18 | agent:refund          | agent:case                      | is not a member of this type
          """)
  void D_refusesAndNamesThePathAndTheRule(String attack, String part, String instead, String says) {
    String details = World.refund(100);
    assertThat(details).contains(part);

    Answer answer = exchange(details.replace(part, instead == null ? "" : instead));

    assertThat(attack).startsWith("D");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text("error")).isEqualTo("invalid_authorization_details");
    assertThat(answer.text("error_description"))
        .contains(says)
        .matches("[ !#-\\[\\]-~]+ \\(CSG-(0008|0071|0072)\\)");
  }

  @Test
  void D11_anAmountSplitInTwoIsDecidedAsOneRequest() {
    String one = World.refund(100);
    String two =
        "[" + one.substring(1, one.length() - 1) + "," + one.substring(1, one.length() - 1) + "]";

    assertThat(exchange(two).text("error")).isEqualTo("access_denied");
  }

  @Test
  void D15_D16_theOrderOfMembersMeansNothingAndOneFormIsSigned() {
    String shuffled =
        """
        [ { "operationDetails" : { "creditorAccount":{"identification":"R-884-2233"},
            "instructedAmount":{"amount":100, "currency":"USD"}, "action":"process_refund" },
          "type":"urn:smt:agent:refund" } ]
        """;

    String first = signedDetails(exchange(World.refund(100)));
    String digest = noted().path("digest").asString("");
    String second = signedDetails(exchange(shuffled));

    assertThat(second).isEqualTo(first);
    assertThat(noted().path("digest").asString("")).isEqualTo(digest);
    assertThat(AuthorizationDetails.parse(first).digest()).isEqualTo(digest);
    assertThat(AuthorizationDetails.parse(first).canonical()).isEqualTo(first);
  }

  @Test
  void whatATypeMarksIsSignedButNotInTheLedger() {
    Answer answer = exchange(CASE);

    assertThat(signedDetails(answer)).contains("R-884-2233");
    assertThat(noted().toString()).contains("[redacted]").doesNotContain("R-884-2233");
    assertThat(noted().path("authorization_details").path(0).path("operationDetails"))
        .isEqualTo(StrictJson.parse("{\"action\":\"find_case\",\"caseId\":\"[redacted]\"}"));
    assertThat(noted().path("digest").asString(""))
        .isEqualTo(AuthorizationDetails.parse(CASE).digest());
  }

  @Test
  void aRefusalSaysNothingOfWhatATypeMarks() {
    Answer answer = exchange(CASE.replace("R-884-2233", "R-884-22334"));

    assertThat(answer.text("error")).isEqualTo("invalid_authorization_details");
    assertThat(answer.body()).doesNotContain("R-884");
    assertThat(noted().toString()).doesNotContain("R-884");
  }

  private static Answer exchange(String details) {
    return WORLD.post(new HashMap<>(WORLD.exchangeForm(WORLD.token(WORLD.person()), details)));
  }

  private static String signedDetails(Answer answer) {
    String payload = answer.text("access_token").split("\\.", -1)[1];
    ObjectNode claims = StrictJson.parseObject(Base64.getUrlDecoder().decode(payload));
    String all = new String(Base64.getUrlDecoder().decode(payload), StandardCharsets.UTF_8);
    String details = StrictJson.write(claims.path("authorization_details"));
    assertThat(all).contains(details);
    return details;
  }

  private static ObjectNode noted() {
    return WORLD.ledger.getLast().data();
  }
}
