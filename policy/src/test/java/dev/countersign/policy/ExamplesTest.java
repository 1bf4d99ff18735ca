package dev.countersign.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The example policies load, and do what the tests beside them say.
class ExamplesTest {

  @ParameterizedTest
  @ValueSource(strings = {"refunds", "records", "bulk-export", "payments", "after-hours"})
  void doWhatTheirTestsSay(String example) {
    Path folder = Path.of("..", "examples", example);
    Policy policy =
        Policy.load(folder.resolve("policy.yaml"), TypeRegistry.load(folder.resolve("types.yaml")));

    assertThat(PolicyTests.run(folder.resolve("policy.test.yaml"), policy))
        .hasSizeGreaterThan(5)
        .allSatisfy(result -> assertThat(result.problem()).as(result.name()).isEmpty());
    assertThat(Policy.parse("stored", policy.document()).version()).isEqualTo(policy.version());
  }
}
