package dev.countersign.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `policy check` and `policy test` as an author and a CI job run them.
class PolicyCommandTest {
  private static final Path EXAMPLE = Path.of("..", "examples", "refunds");

  @TempDir private Path folder;
  private String told = "";

  @BeforeEach
  void copyTheExample() throws IOException {
    try (Stream<Path> files = Files.list(EXAMPLE)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, folder.resolve(file.getFileName().toString()));
      }
    }
  }

  private int run(String... arguments) {
    var all = new ArrayList<>(List.of("policy"));
    all.addAll(List.of(arguments));
    all.addAll(List.of("--config", folder.resolve("countersign.yaml").toString()));
    var screen = new ByteArrayOutputStream();
    PrintStream out = System.out;
    PrintStream err = System.err;
    var both = new PrintStream(screen, true, StandardCharsets.UTF_8);
    System.setOut(both);
    System.setErr(both);
    try {
      return Main.run(all.toArray(String[]::new));
    } finally {
      System.setOut(out);
      System.setErr(err);
      told = screen.toString(StandardCharsets.UTF_8);
    }
  }

  private void change(String file, String from, String to) throws IOException {
    Path path = folder.resolve(file);
    String text = Files.readString(path);
    assertThat(text).contains(from);
    Files.writeString(path, text.replace(from, to));
  }

  @Test
  void checkSaysWhatIsInAPolicy() throws IOException {
    assertThat(run("check")).isZero();
    assertThat(told).contains("policy.yaml has no problems:", "  version ", " rules over ");
    assertThat(told).doesNotContain("ceilings for");

    change("policy.yaml", "\nrules:\n", "\nceilings: { gatway: { types: [] } }\nrules:\n");
    assertThat(run("check")).isZero();
    assertThat(told).contains("1 ceilings", "  ceilings for gatway, and none for everybody else");
  }

  @Test
  void checkTellsEachProblemWithItsPlaceAndTheFix() throws IOException {
    change("policy.yaml", "subject.refund_limit", "subject.refund_limt");
    change("policy.yaml", "then: kill", "then: kil");

    assertThat(run("check")).isEqualTo(2);

    assertThat(told)
        .containsPattern(
            "policy\\.yaml:[0-9]+:[0-9]+: rules\\[0\\]\\.when: no member `refund_limt`")
        .contains("did you mean `refund_limit`?", "did you mean `kill`?")
        .doesNotContain("\tat ", "Exception");
  }

  @Test
  void testRunsTheTableBesideThePolicy() {
    assertThat(run("test")).isZero();
    assertThat(told).containsPattern("[1-9][0-9]* passed, 0 failed");
  }

  @Test
  void testNamesWhatFailedAndWhy() throws IOException {
    change("policy.yaml", "caps.hard_cap", "(caps.hard_cap * 100)");

    assertThat(run("test")).isOne();

    assertThat(told).contains("FAILED  ", "expected kill, but it is").contains(" failed");
  }

  @Test
  void testWithoutATableIsNoSuccess() throws IOException {
    Files.delete(folder.resolve("policy.test.yaml"));
    assertThat(run("test")).isEqualTo(2);
    assertThat(told).contains("there are no tests beside the policy");

    Files.writeString(folder.resolve("policy.test.yaml"), "tests: []\n");
    assertThat(run("test")).isEqualTo(2);
    assertThat(told).contains("name at least one test");
  }
}
