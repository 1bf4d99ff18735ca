package dev.countersign.policy;

import static dev.countersign.policy.Refunds.caseRequest;
import static dev.countersign.policy.Refunds.details;
import static dev.countersign.policy.Refunds.refund;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.WireException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What the registry of the refunds example accepts and refuses.
class RefundTypesTest {
  private static final String AMOUNT =
      "authorization_details[0].operationDetails.instructedAmount.amount";
  private static final String NOT_AN_INTEGER = AMOUNT + " must be an integer";
  private static final String ACCOUNT =
      "authorization_details[0].operationDetails.creditorAccount.identification";
  private static final String FORM = ACCOUNT + " does not have the required form";
  private static final String HIDDEN =
      ACCOUNT + " holds a control, direction or invisible character";

  static final List<Row> REFUSED =
      List.of(
          new Row("D05 a fraction of zero", refund("8000.0"), NOT_AN_INTEGER),
          new Row("D05 two decimals", refund("8000.00"), NOT_AN_INTEGER),
          new Row("D05 an exponent", refund("8e3"), NOT_AN_INTEGER),
          new Row("D05 another exponent", refund("80e2"), NOT_AN_INTEGER),
          new Row("D06 text", refund("\"8000\""), AMOUNT + " must be of type integer"),
          new Row("D06 true", refund("true"), AMOUNT + " must be of type integer"),
          new Row("D06 null", refund("null"), AMOUNT + " must be of type integer"),
          new Row("D06 a list", refund("[8000]"), AMOUNT + " must be of type integer"),
          new Row("D07 a fraction of a cent", refund("8000.000000000000001"), NOT_AN_INTEGER),
          new Row("D07 huge", refund("1000000000001"), AMOUNT + " must be at most 1000000000000"),
          new Row("D07 64 bits", refund("9223372036854775807"), AMOUNT + " must be at most"),
          new Row("D07 beyond 64 bits", refund("9223372036854775808"), NOT_AN_INTEGER),
          new Row("D07 10^30", refund("1" + "0".repeat(30)), NOT_AN_INTEGER),
          new Row("D07 10^30 as exponent", refund("1e30"), NOT_AN_INTEGER),
          new Row("F09 nothing", refund("0"), AMOUNT + " must be at least 1"),
          new Row("F09 negative nothing", refund("-0"), AMOUNT + " must be at least 1"),
          new Row("F09 negative", refund("-8000"), AMOUNT + " must be at least 1"),
          new Row(
              "D08 lower case", refund("1", "usd", "R-884-2233"), "currency must be one of USD"),
          new Row("D08 no such currency", refund("1", "XXX", "R-884-2233"), "must be one of USD"),
          new Row(
              "D08 no currency",
              refund("1").replace("\"currency\":\"USD\",", ""),
              "instructedAmount.currency is missing"),
          new Row(
              "D02 unknown type",
              refund("1").replace("refund\"", "refunds\""),
              "[0].type is not a type that is known"),
          new Row(
              "D09 look-alike type",
              refund("1").replace("agent:refund", "agent:r\u0435fund"),
              "[0].type is not a type"),
          new Row(
              "D03 unknown member",
              refund("1").replace("{\"type\"", "{\"note\":1,\"type\""),
              "[0].note is not a member"),
          new Row(
              "D03 unknown member inside",
              refund("1").replace("{\"currency\"", "{\"currency2\":\"EUR\",\"currency\""),
              "instructedAmount.currency2 is not a member"),
          new Row(
              "D10 prototype",
              refund("1").replace("{\"currency\"", "{\"__proto__\":1,\"currency\""),
              "instructedAmount.__proto__ is not a member"),
          new Row(
              "D10 empty name",
              refund("1").replace("{\"currency\"", "{\"\":1,\"currency\""),
              "instructedAmount.(a member) is not a member"),
          new Row(
              "D17 a name with markup",
              refund("1").replace("{\"currency\"", "{\"<b>\":1,\"currency\""),
              "(a member) is not a member"),
          new Row(
              "RFC 9396 common members",
              refund("1").replace("{\"type\"", "{\"locations\":[],\"type\""),
              "[0].locations is not a member"),
          new Row(
              "D18 members of another type",
              refund("1").replace("agent:refund", "agent:case"),
              "action must be one of"),
          new Row(
              "another action",
              refund("1").replace("process_refund", "approve"),
              "action must be process_refund"),
          new Row(
              "operationDetails missing",
              "{\"type\":\"urn:smt:agent:refund\"}",
              "[0].operationDetails is missing"),
          new Row(
              "operationDetails is text",
              "{\"type\":\"urn:smt:agent:refund\",\"operationDetails\":\"x\"}",
              "operationDetails must be of type object"),
          new Row(
              "operationDetails is a list",
              "{\"type\":\"urn:smt:agent:refund\",\"operationDetails\":[]}",
              "operationDetails must be of type object"),
          new Row("account: too short", refund("1", "USD", "R-884-223"), FORM),
          new Row("account: too long", refund("1", "USD", "R-884-22333"), FORM),
          new Row(
              "account: over-long", refund("1", "USD", "R-884-2233" + "0".repeat(20_000)), ACCOUNT),
          new Row("account: lower case", refund("1", "USD", "r-884-2233"), FORM),
          new Row("account: blank before", refund("1", "USD", " R-884-2233"), FORM),
          new Row("account: line feed after", refund("1", "USD", "R-884-2233\\n"), HIDDEN),
          new Row("account: two lines", refund("1", "USD", "R-884-2233\\nR-885-0000"), HIDDEN),
          new Row("D09 Arabic digits", refund("1", "USD", "R-88\u0664-2233"), FORM),
          new Row("D09 full-width letter", refund("1", "USD", "\uFF32-884-2233"), FORM),
          new Row("D09 Greek-looking hyphen", refund("1", "USD", "R\u2010884-2233"), FORM),
          new Row("D09 zero-width space", refund("1", "USD", "R-884\u200B-2233"), HIDDEN),
          new Row("D09 right-to-left override", refund("1", "USD", "R-884-\u202E2233"), HIDDEN),
          new Row("D09 byte order mark", refund("1", "USD", "\uFEFFR-884-2233"), HIDDEN),
          new Row("D09 line separator", refund("1", "USD", "R-884-2233\u2028"), HIDDEN),
          new Row("D09 combining mark", refund("1", "USD", "R-884-2233\u0301"), FORM),
          new Row("D17 SQL", refund("1", "USD", "'; DROP ROLE x; --"), FORM),
          new Row("D17 template", refund("1", "USD", "{{name}}"), FORM),
          new Row(
              "case: find without id",
              caseRequest("\"action\":\"find_case\""),
              "caseId is missing"),
          new Row(
              "case: list with id",
              caseRequest("\"action\":\"list_cases\",\"caseId\":\"R-884-2233\""),
              "caseId must not be there"),
          new Row(
              "case: export with id",
              caseRequest("\"action\":\"export_customers\",\"caseId\":\"R-884-2233\""),
              "caseId must not be there"),
          new Row("case: no action", caseRequest("\"caseId\":\"R-884-2233\""), "action is missing"),
          new Row(
              "case: other action",
              caseRequest("\"action\":\"drop_case\""),
              "action must be one of find_case, list_cases"));

  @ParameterizedTest(name = "{0}")
  @FieldSource("REFUSED")
  void refuses(Row row) {
    assertThatThrownBy(() -> Refunds.TYPES.check(details(row.element())))
        .isInstanceOfSatisfying(
            WireException.class,
            refusal -> {
              assertThat(refusal.error()).isEqualTo(OAuthError.INVALID_AUTHORIZATION_DETAILS);
              assertThat(refusal.description())
                  .contains(row.says())
                  // RFC 6749 §5.2: the only characters of an error_description
                  .matches("[ !#-\\[\\]-~]{1,400}");
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "8000", "1000000000000"})
  void acceptsAmountsWithinTheRange(String amount) {
    assertThatCode(() -> Refunds.TYPES.check(details(refund(amount)))).doesNotThrowAnyException();
  }

  @Test
  void D11_checksEveryElement() {
    assertThatThrownBy(() -> Refunds.TYPES.check(details(refund("1"), refund("0"))))
        .hasMessageStartingWith("authorization_details[1].operationDetails");
  }

  @Test
  void neverRepeatsAValue() {
    assertThatThrownBy(() -> Refunds.TYPES.check(details(refund("1", "USD", "R-SECRET"))))
        .hasMessageNotContaining("SECRET");
  }

  @Test
  void knowsTheTypesOfTheExampleAndTheBuiltInOne() {
    assertThat(Refunds.TYPES.types())
        .containsExactly(
            "urn:countersign:prove",
            "urn:smt:agent:case",
            "urn:smt:agent:refund",
            "vault:path_access");
  }

  record Row(String name, String element, String says) {
    @Override
    public String toString() {
      return name;
    }
  }
}
