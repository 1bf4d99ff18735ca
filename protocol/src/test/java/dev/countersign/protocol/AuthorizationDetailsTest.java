package dev.countersign.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

class AuthorizationDetailsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "\"x\"",
        "{}",
        "[]",
        "[1]",
        "[{}]",
        "[{\"type\":1}]",
        "[{\"type\":\"\"}]",
        "[{\"type\":[\"a\"]}]",
        "[{\"type\":\"a\",\"type\":\"b\"}]"
      })
  void RA_01_RA_02_refusesWhatIsNotAnArrayOfTypedObjects(String text) {
    assertThatThrownBy(() -> AuthorizationDetails.parse(text))
        .isInstanceOfSatisfying(
            WireException.class,
            refused ->
                assertThat(refused.error()).isEqualTo(OAuthError.INVALID_AUTHORIZATION_DETAILS));
  }

  @Test
  void D01_refusesTooManyElements() {
    String element = "{\"type\":\"a\"}";

    assertThatThrownBy(
            () -> AuthorizationDetails.parse("[" + (element + ",").repeat(16) + element + "]"))
        .isInstanceOf(WireException.class);
    assertThat(
            AuthorizationDetails.parse("[" + (element + ",").repeat(15) + element + "]").elements())
        .hasSize(16);
  }

  @Test
  void D16_digestsTheMeaningAndNotTheSpelling() {
    var one = AuthorizationDetails.parse("[{\"type\":\"a\",\"n\":8000}]");
    var same = AuthorizationDetails.parse("[ {\"n\":8e3, \"type\":\"\\u0061\"} ]");
    var other = AuthorizationDetails.parse("[{\"type\":\"a\",\"n\":8001}]");

    assertThat(same).isEqualTo(one);
    assertThat(same.digest()).isEqualTo(one.digest());
    assertThat(other.digest()).isNotEqualTo(one.digest());
  }

  @Test
  void handsOutCopiesThatCannotChangeIt() {
    var details = AuthorizationDetails.parse("[{\"type\":\"a\",\"n\":1}]");
    ((ObjectNode) details.json().get(0)).put("n", 2);
    details.elements().getFirst().json().put("n", 3);

    assertThat(details.canonical()).isEqualTo("[{\"n\":1,\"type\":\"a\"}]");
  }
}
