package dev.countersign.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the page on writing a policy shows can be copied.
class HowToTest {
  private static final Pattern SNIPPET = Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL);
  private static final String RULE =
      "  - name: shown\n    type: urn:example:payment\n    when: \"true\"\n";

  @TempDir private Path folder;

  private static List<String> snippets() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "how-to", "write-a-policy.md"));
    var found = new ArrayList<String>();
    for (var match = SNIPPET.matcher(page); match.find(); ) {
      found.add(match.group(1));
    }
    return found;
  }

  private Policy load(String policy) throws IOException {
    String types =
        Stream.of("refunds", "payments", "bulk-export", "records")
            .map(example -> {
              try {
                String text = Files.readString(Path.of("..", "examples", example, "types.yaml"));
                return text.substring(text.indexOf("types:\n") + "types:\n".length());
              } catch (IOException unreadable) {
                throw new java.io.UncheckedIOException(unreadable);
              }
            })
            .collect(Collectors.joining("\n", "types:\n", ""));
    return Policy.load(
        Refunds.write(folder, "policy.yaml", policy),
        TypeRegistry.load(Refunds.write(folder, "types.yaml", types)));
  }

  @Test
  void eachPieceOfAPolicyLoads() throws IOException {
    int loaded = 0;
    for (String snippet : snippets()) {
      if (snippet.startsWith("tests:") || snippet.startsWith("sts:")) {
        continue;
      }
      String policy =
          snippet.startsWith("    then:")
              ? "rules:\n" + RULE + snippet
              : snippet.contains("rules:\n")
                  ? snippet
                  : snippet + "rules:\n" + RULE + "    then: permit\n";
      assertThat(load(policy).size()).as(snippet).isPositive();
      loaded++;
    }

    assertThat(loaded).isGreaterThan(5);
  }

  @Test
  void theTestOfTheDailyLimitPasses() throws IOException {
    List<String> snippets = snippets();
    String policy =
        snippets.stream()
            .filter(text -> text.contains("over-the-daily-limit\n    type"))
            .findFirst()
            .orElseThrow();
    String tests =
        snippets.stream().filter(text -> text.startsWith("tests:")).findFirst().orElseThrow();
    Policy loaded = load(policy + RULE + "    then: permit\n");

    assertThat(PolicyTests.run(Refunds.write(folder, "policy.test.yaml", tests), loaded))
        .isNotEmpty()
        .allSatisfy(result -> assertThat(result.problem()).as(result.name()).isEmpty());
  }
}
