package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.sts.World.Answer;
import dev.countersign.sts.diagnosis.Code;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.node.ObjectNode;

/// Refusals end in a short code; the ledger has what only operators may know.
class CodesTest {
  private static final World WORLD = new World();

  @AfterAll
  static void close() {
    WORLD.close();
  }

  static Stream<Row> refusals() {
    return Stream.of(
        new Row(Code.CLIENT_SILENT, form -> form.remove("client_assertion")),
        new Row(Code.CLIENT_UNKNOWN, form -> form.put("client_assertion", "e30.e30.AAAA")),
        new Row(Code.GRANT_TYPE, form -> form.put("grant_type", "password")),
        new Row(Code.REQUEST, form -> form.remove("subject_token")),
        new Row(Code.ANCHOR, form -> form.put("subject_token_type", "urn:x:y")),
        new Row(Code.TOKEN_FORM, form -> form.put("subject_token", "opaque")),
        new Row(Code.SCOPE, form -> form.put("scope", "everything")),
        new Row(Code.TARGET, form -> form.put("resource", "https://other.example/")),
        new Row(Code.DETAILS_MISSING, form -> form.remove("authorization_details")),
        new Row(Code.DETAILS_FORM, form -> form.put("authorization_details", "{}")),
        new Row(
            Code.DETAILS_TYPE, form -> form.put("authorization_details", "[{\"type\":\"x\"}]")));
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void aRefusalHasItsCodeInTheAnswerAndInTheLedger(Row row) {
    var form = new HashMap<>(WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100)));
    row.change().accept(form);

    Answer answer = WORLD.post(form);

    assertThat(answer.text("error_description")).endsWith(" (" + row.code().text() + ")");
    assertThat(noted().path("code").asString("")).isEqualTo(row.code().text());
  }

  @Test
  void E1_aGraphTokenIsNamedToItsCaller() {
    Answer answer = exchange(WORLD.entraClaims("0b6f").put("aud", "https://graph.microsoft.com"));

    assertThat(answer.text("error_description")).endsWith("(CSG-0101)");
    assertThat(noted().path("seen").asString("")).contains("Microsoft Graph");
  }

  @Test
  void C12_howTheAnchorIsSetUpIsForTheLedgerOnly() {
    String issuer = WORLD.entra.issuer();
    Answer answer = exchange(WORLD.entraClaims("0b6f").put("iss", issuer + "/"));

    assertThat(answer.text("error_description")).endsWith("(CSG-0045)");
    assertThat(answer.body()).doesNotContain(issuer, Code.ISSUER_SLASH.text());
    assertThat(noted().path("code").asString("")).isEqualTo(Code.ISSUER_SLASH.text());
  }

  @Test
  void anAudienceOfOursIsNotToldToACallerWithAnother() {
    Answer answer = exchange(WORLD.entraClaims("0b6f").put("aud", "somebody-else"));

    assertThat(answer.text("error_description")).endsWith("(CSG-0046)");
    assertThat(noted().path("seen").asString("")).contains("the anchor lists");
    assertThat(answer.body()).doesNotContain("the anchor lists");
  }

  @Test
  void anExpiredTokenIsCalledSo() {
    String token = WORLD.token(WORLD.person());
    WORLD.tick(Duration.ofHours(2));

    Answer answer = WORLD.post(WORLD.exchangeForm(token, World.refund(100)));

    assertThat(answer.text("error_description")).endsWith("(CSG-0047)");
  }

  private static Answer exchange(ObjectNode claims) {
    Map<String, String> form =
        new HashMap<>(WORLD.exchangeForm(WORLD.entra.sign(claims), World.refund(100)));
    form.put("subject_token_type", World.ENTRA_TYPE);
    return WORLD.post(form);
  }

  private static ObjectNode noted() {
    return WORLD.ledger.getLast().data();
  }

  record Row(Code code, Consumer<Map<String, String>> change) {
    @Override
    public String toString() {
      return code.text() + " " + code;
    }
  }
}
