package dev.countersign.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class IdsTest {
  @Test
  void anIdIsUniqueAndNeverLooksLikeAnOption() {
    var seen = new HashSet<String>();

    IntStream.range(0, 10_000).forEach(_ -> seen.add(Ids.random()));

    assertThat(seen).hasSize(10_000).allMatch(id -> id.matches("[A-Za-z0-9_][A-Za-z0-9_-]{26}"));
  }
}
