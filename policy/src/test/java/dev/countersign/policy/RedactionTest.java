package dev.countersign.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.StrictJson;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

class RedactionTest {
  private static final Redaction ACCOUNT = new Redaction(List.of("/a/account", "/b"));

  @Test
  void marksValuesAndWholeObjectsAndLeavesTheOriginalAlone() {
    ObjectNode element =
        StrictJson.parseObject("{\"a\":{\"account\":1,\"other\":2},\"b\":{\"c\":[3]},\"d\":4}");

    ObjectNode kept = ACCOUNT.element(element);

    assertThat(StrictJson.write(kept))
        .isEqualTo("{\"a\":{\"account\":\"[redacted]\",\"other\":2},\"b\":\"[redacted]\",\"d\":4}");
    assertThat(element.path("a").path("account").intValue()).isEqualTo(1);
  }

  @Test
  void whatIsNotThereStaysAway() {
    assertThat(StrictJson.write(ACCOUNT.element(StrictJson.parseObject("{\"a\":7}"))))
        .isEqualTo("{\"a\":7}");
  }

  @ParameterizedTest
  @CsvSource({
    "request.a.account, true",
    "request.a, true",
    "request, true",
    "request.b.c, true",
    "request.a.accounts, false",
    "request.a.other, false",
    "subject.a.account, false",
  })
  void coversWhatARuleRead(String path, boolean covered) {
    assertThat(ACCOUNT.covers(path)).isEqualTo(covered);
  }
}
