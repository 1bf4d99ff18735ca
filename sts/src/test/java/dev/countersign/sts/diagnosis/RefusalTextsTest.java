package dev.countersign.sts.diagnosis;

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

/// A refusal that somebody adds to the exchange needs a code that knows it. Its text is looked for
/// where it is written, so that forgetting the code fails here and not at a customer's.
class RefusalTextsTest {
  private static final Path SOURCES = Path.of("src", "main", "java");
  private static final List<Path> ROOTS =
      List.of(
          SOURCES.resolve("dev/countersign/sts"),
          Path.of("..", "protocol").resolve(SOURCES).resolve("dev/countersign/protocol"));

  // Pages, admin interfaces and machinery: no refusal of the token endpoint is written there.
  private static final Pattern ELSEWHERE =
      Pattern.compile(
          ".*/(http/(?!Callers|TokenEndpoint).*|mail/.*|box/.*|diagnosis/.*|keys/.*|protocol/http/.*"
              + "|StrictJson|VerificationKeys|CanonicalJson|AccessEvaluations|Attribute[A-Z].*|WebTargets"
              + "|stepup/(?!StepUps).*|Introspection|StepUpSettings|.*Settings|StsConfig)\\.java");

  private static final Pattern REFUSAL =
      Pattern.compile(
          "(?:new WireException|outcomes\\s*\\.refused|Rejected|ClientCheck\\.Unknown|Check\\.Bad"
              + "|Bad|MalformedJsonException|\\brefused)\\((?<args>[^;]*?)\\)\\s*[;:]",
          Pattern.DOTALL);
  private static final Pattern TEXT = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");

  @Test
  void everyRefusalTextHasACodeOfItsOwn() throws IOException {
    var unknown = new ArrayList<String>();
    int found = 0;
    for (Path root : ROOTS) {
      for (Path file : files(root)) {
        var refusals = REFUSAL.matcher(Files.readString(file));
        while (refusals.find()) {
          String text =
              TEXT.matcher(refusals.group("args"))
                  .results()
                  .map(match -> match.group(1))
                  .collect(Collectors.joining());
          // Beginnings and ends of texts are put together with what the test cannot see.
          if (text.strip().contains(" ") && !text.startsWith(" ") && !text.endsWith(": ")) {
            found++;
            if (Errors.in(asTheCallerSeesIt(file, text)).isEmpty()) {
              unknown.add(file.getFileName() + ": " + text);
            }
          }
        }
      }
    }
    assertThat(found).as("texts that were found at all").isGreaterThan(60);
    assertThat(unknown).as("texts that no sign in Code knows; add one there").isEmpty();
  }

  private static String asTheCallerSeesIt(Path file, String text) {
    if (file.endsWith("DpopProofs.java")) {
      return "the DPoP proof: " + text;
    }
    return text.startsWith("assertion: ") ? "client_" + text : text;
  }

  private static List<Path> files(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(file -> file.toString().endsWith(".java"))
          .filter(file -> !ELSEWHERE.matcher(file.toString().replace('\\', '/')).matches())
          .sorted()
          .toList();
    }
  }
}
