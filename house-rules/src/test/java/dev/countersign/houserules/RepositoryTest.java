package dev.countersign.houserules;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What holds for every file of the repository.
class RepositoryTest {
  /// Folders that exist on one machine only. Pieced together, so that this file passes its own
  /// test.
  private static final Pattern MACHINE_PATHS =
      Pattern.compile(
          "(?<![\\w.])/(" + String.join("|", "wor" + "k", "roo" + "t", "far" + "m") + ")/");

  private static final Pattern SKIPPED_TESTS =
      Pattern.compile("@Disab" + "led|assume(True|False)\\((true|false)\\)");

  @Test
  void noFileNamesAFolderOfOneMachine() {
    assertThat(matches(Repository.texts(), MACHINE_PATHS)).isEmpty();
  }

  @Test
  void noTestIsSwitchedOff() {
    assertThat(matches(Repository.withExtension("java"), SKIPPED_TESTS))
        .as("a test that does not run proves nothing: mend it or delete it")
        .isEmpty();
  }

  @Test
  void everyTestClassChecksSomething() {
    var silent =
        Repository.withExtension("java").stream()
            .filter(file -> Repository.read(file).matches("(?s).*\\R  @(Test|ParameterizedTest).*"))
            .filter(file -> !Repository.read(file).matches("(?s).*(assert|check\\(|verify).*"))
            .map(Path::toString)
            .toList();

    assertThat(silent).isEmpty();
  }

  @Test
  void theDoorAndTheContinuousBuildCanBeRun() {
    assertThat(List.of("countersign", "mvnw", ".ci/run"))
        .allSatisfy(file -> assertThat(Files.isExecutable(Repository.ROOT.resolve(file))).isTrue());
  }

  @Test
  void noPrivateKeyLiesInTheTree() {
    assertThat(
            matches(
                Repository.texts(),
                Pattern.compile(
                    "-----BEGIN [A-Z ]*PRIVATE" + " KEY-----\\s*$|\"d\"\\s*:\\s*\"[\\w-]{40,}\"")))
        .isEmpty();
  }

  /// `file:line` of each match.
  private static List<String> matches(List<Path> files, Pattern pattern) {
    var found = new ArrayList<String>();
    for (Path file : files) {
      int number = 0;
      for (String line : Repository.read(file).split("\n", -1)) {
        number++;
        if (pattern.matcher(line).find()) {
          found.add(file + ":" + number);
        }
      }
    }
    return found;
  }
}
