package dev.countersign.houserules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.sts.diagnosis.CodesPage;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// The page of codes is what `./countersign explain` knows.
class CodesPageTest {
  private static final Path PAGE = Path.of("docs", "operations", "codes.md");

  @Test
  void thePageOfCodesIsMadeFromTheTable() {
    assertThat(Repository.read(PAGE))
        .as("write it again: ./countersign explain --markdown > " + PAGE)
        .isEqualTo(CodesPage.markdown());
  }
}
