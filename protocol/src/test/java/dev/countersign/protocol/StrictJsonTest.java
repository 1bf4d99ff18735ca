package dev.countersign.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StrictJsonTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{\"a\":1,\"a\":2}",
        "{\"x\":{\"amount\":1,\"\\u0061mount\":8000}}",
        "[1] 2",
        "{\"a\":NaN}",
        "[\"\\ud800\"]",
        "[\"\\u0000\"]",
        "[1e400]",
        "[1e-400]",
        "[1e10000008000]",
        "[1e-99999999999]",
        "{'a':1}",
        "[01]",
        "[1,]"
      })
  void D04_refusesWhatHasTwoReadings(String text) {
    assertThatThrownBy(() -> StrictJson.parse(text)).isInstanceOf(MalformedJsonException.class);
  }

  @Test
  void A21_refusesDeepNestingAndLongNumbers() {
    assertThatThrownBy(() -> StrictJson.parse("[".repeat(1000) + "]".repeat(1000)))
        .isInstanceOf(MalformedJsonException.class);
    assertThatThrownBy(() -> StrictJson.parse("[" + "9".repeat(100_000) + "]"))
        .isInstanceOf(MalformedJsonException.class);
  }

  @Test
  void refusesBytesThatAreNotUtf8() {
    assertThatThrownBy(() -> StrictJson.parse(new byte[] {'"', (byte) 0xc0, (byte) 0xaf, '"'}))
        .isInstanceOf(MalformedJsonException.class);
    assertThat(StrictJson.parse("\"ü\"".getBytes(StandardCharsets.UTF_8)).stringValue())
        .isEqualTo("ü");
  }

  @Test
  void keepsNumbersExact() {
    assertThat(StrictJson.write(StrictJson.parse("[1.10,9007199254740993]")))
        .isEqualTo("[1.10,9007199254740993]");
  }

  @Test
  void D16_givesOneCanonicalFormToOneMeaning() {
    String one = StrictJson.canonical(StrictJson.parse("{\"b\":[1.0,2],\"a\":{\"y\":1,\"x\":0}}"));
    String other =
        StrictJson.canonical(StrictJson.parse("{ \"a\":{\"x\":0,\"y\":1e0}, \"b\":[1, 2.00] }"));

    assertThat(one).isEqualTo(other).isEqualTo("{\"a\":{\"x\":0,\"y\":1},\"b\":[1,2]}");
  }

  @Test
  void neverRepeatsTheTextInAnError() {
    assertThatThrownBy(() -> StrictJson.parse("{\"hunter2\":1,\"hunter2\":1}"))
        .hasMessageNotContaining("hunter2");
  }
}
