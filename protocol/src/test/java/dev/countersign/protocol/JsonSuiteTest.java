package dev.countersign.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The files of JSONTestSuite: `y_` must be read, `n_` must be refused, `i_` is ours to decide.
class JsonSuiteTest {
  @Test
  void readsEveryValidFileButThoseThatCouldBeTakenForTwoThings() {
    assertThat(refused("y_"))
        .as("a name said twice; numbers of more than 64 digits; control characters in texts")
        .containsExactlyInAnyOrder(
            "y_object_duplicated_key.json",
            "y_object_duplicated_key_and_value.json",
            "y_number.json",
            "y_number_double_close_to_zero.json",
            "y_number_real_fraction_exponent.json",
            "y_object_escaped_null_in_key.json",
            "y_string_allowed_escapes.json",
            "y_string_escaped_control_character.json",
            "y_string_null_escape.json");
  }

  @Test
  void refusesEveryInvalidFile() {
    List<Path> files = files("n_");

    assertThat(refused("n_")).hasSize(files.size()).hasSizeGreaterThan(180);
  }

  @Test
  void D07_D09_neverGuessesWhatTheGrammarLeavesOpen() {
    assertThat(accepted("i_"))
        .as("whole numbers of any size are exact here; everything else undefined is refused")
        .containsExactlyInAnyOrder(
            "i_number_too_big_neg_int.json",
            "i_number_too_big_pos_int.json",
            "i_number_very_big_negative_int.json");
  }

  private static List<String> refused(String prefix) {
    return names(prefix, false);
  }

  private static List<String> accepted(String prefix) {
    return names(prefix, true);
  }

  private static List<String> names(String prefix, boolean readable) {
    var names = new ArrayList<String>();
    for (Path file : files(prefix)) {
      if (isReadable(file) == readable) {
        names.add(String.valueOf(file.getFileName()));
      }
    }
    return names;
  }

  private static List<Path> files(String prefix) {
    return Vectors.files("json/parsing").stream()
        .filter(file -> String.valueOf(file.getFileName()).startsWith(prefix))
        .toList();
  }

  private static boolean isReadable(Path file) {
    try {
      StrictJson.parse(Vectors.bytes(file));
      return true;
    } catch (MalformedJsonException refused) {
      return false;
    }
  }
}
