package dev.countersign.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SqlNameTest {

  @ParameterizedTest
  @ValueSource(
      strings = {"", "A", "a b", "a\"b", "a'b", "a;b", "1a", "a-b", "ä", "a\n", "a\u0000", "a$b"})
  void H01_holdsNothingThatCouldEndAName(String text) {
    assertThatThrownBy(() -> new SqlName(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void H13_isNeverCutShortByPostgres() {
    assertThat(new SqlName("a".repeat(63)).text()).hasSize(63);
    assertThatThrownBy(() -> new SqlName("a".repeat(64)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void H13_mintsNamesThatDiffer() {
    assertThat(Stream.generate(SqlName::minted).limit(10_000).collect(Collectors.toSet()))
        .hasSize(10_000)
        .allSatisfy(name -> assertThat(name.text()).matches(SqlName.MINTED));
  }
}
