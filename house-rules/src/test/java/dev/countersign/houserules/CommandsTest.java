package dev.countersign.houserules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.bench.BenchMain;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/// The commands that pages and the door's help name: they exist, with the options that are shown.
class CommandsTest {
  private static final Pattern CALL = Pattern.compile("\\./countersign +([a-z-]+)([^`#\\n]*)");
  private static final Pattern OPTION = Pattern.compile("(?<![\\w-])--[a-z][a-z-]*");
  private static final Pattern HELP_LINE = Pattern.compile("(?m)^##   ([a-z-]+) {2,}\\S");

  /// What the door does itself, with its options.
  private static final Map<String, Set<String>> DOOR =
      Map.of(
          "test", Set.of("--module", "--all", "--help"),
          "fmt", Set.of("--help"),
          "fuzz", Set.of("--seconds", "--help"),
          "help", Set.of());

  private final CommandLine program = program();

  @Test
  void pagesNameOnlyCommandsAndOptionsThatExist() {
    var unknown = new ArrayList<String>();
    for (Path page : Repository.withExtension("md")) {
      for (MatchResult call : CALL.matcher(Repository.read(page)).results().toList()) {
        String command = call.group(1);
        if (!exists(command)) {
          unknown.add(page + ": " + command);
          continue;
        }
        for (String option : options(call.group(2))) {
          if (!has(command, option)) {
            unknown.add(page + ": " + command + " " + option);
          }
        }
      }
    }

    assertThat(unknown).isEmpty();
  }

  @Test
  void theDoorsHelpNamesEveryCommandAndNoOther() {
    List<String> named =
        HELP_LINE
            .matcher(Repository.read(Path.of("countersign")))
            .results()
            .map(line -> line.group(1))
            .toList();

    assertThat(named).allMatch(this::exists).containsAll(DOOR.keySet());
    assertThat(named).containsAll(program.getSubcommands().keySet());
  }

  private boolean exists(String command) {
    return DOOR.containsKey(command) || program.getSubcommands().containsKey(command);
  }

  private boolean has(String command, String option) {
    Set<String> own = DOOR.get(command);
    return own != null
        ? own.contains(option)
        : has(Objects.requireNonNull(program.getSubcommands().get(command)), option);
  }

  private static boolean has(CommandLine command, String option) {
    return command.getCommandSpec().findOption(option) != null
        || command.getSubcommands().values().stream().anyMatch(inner -> has(inner, option));
  }

  private static List<String> options(String text) {
    return OPTION.matcher(text).results().map(MatchResult::group).toList();
  }

  private static CommandLine program() {
    try {
      return new CommandLine(Class.forName("dev.countersign.server.Countersign"))
          .addSubcommand("bench", new BenchMain());
    } catch (ClassNotFoundException moved) {
      throw new IllegalStateException("the root of the command line is not where it was", moved);
    }
  }
}
