package dev.countersign.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/// Reads one YAML file. Duplicate keys, aliases that explode and custom tags are refused by the
/// parser; values keep their line.
public final class ConfigFile {
  private static final int MAX_BYTES = 1 << 20;
  private static final Set<Tag> PLAIN =
      Set.of(Tag.MAP, Tag.SEQ, Tag.STR, Tag.INT, Tag.FLOAT, Tag.BOOL, Tag.NULL, Tag.ENV_TAG);

  private ConfigFile() {}

  /// Reads a file whose top level is a mapping; variables come from the environment.
  ///
  /// @throws ConfigException as below
  public static ConfigSection read(Path file, Problems problems) {
    return read(file, Map.of(), problems);
  }

  /// Reads a file whose top level is a mapping.
  ///
  /// @param variables values for `${NAME}` that go before the environment
  /// @throws ConfigException if the file cannot be read or is not YAML; what is wrong inside goes
  ///   to `problems`
  public static ConfigSection read(Path file, Map<String, String> variables, Problems problems) {
    return parse(
        new Source(file, variables, true), content(file, file.toString(), problems), problems);
  }

  /// Reads text that was kept elsewhere, such as JSON from a database: nothing in it is replaced by
  /// variables.
  ///
  /// @param name what problems are told under
  /// @throws ConfigException if the text is not YAML; what is wrong inside goes to `problems`
  public static ConfigSection parse(String name, String text, Problems problems) {
    return parse(new Source(Path.of(name), Map.of(), false), text, problems);
  }

  private static ConfigSection parse(Source source, String text, Problems problems) {
    String name = source.file().toString();
    try {
      Optional<Node> root =
          new Compose(
                  LoadSettings.builder()
                      .setLabel(name)
                      .setAllowDuplicateKeys(false)
                      .setMaxAliasesForCollections(20)
                      .setUseMarks(true)
                      .build())
              .composeString(text);
      if (root.isPresent() && root.get() instanceof MappingNode mapping) {
        check(mapping, name, problems);
        problems.throwIfAny();
        return new ConfigSection(source.of(text), "", mapping, problems);
      }
      problems.add(name + ":1", "", "the file must hold `key: value` lines");
    } catch (MarkedYamlEngineException broken) {
      String where =
          name + broken.getProblemMark().map(mark -> ":" + (mark.getLine() + 1)).orElse("");
      problems.add(where, "", "not valid YAML: " + broken.getProblem());
    } catch (YamlEngineException broken) {
      problems.add(name, "", "not valid YAML");
    } catch (StackOverflowError deep) { // the parser has no limit of its own
      problems.add(name, "", "nested too deeply; this is not a configuration file");
    }
    problems.throwIfAny();
    throw new IllegalStateException("unreachable: a problem was noted");
  }

  /// Refuses what the composer lets through: a key twice in one mapping, and tags that ask for
  /// objects.
  private static void check(Node node, String name, Problems problems) {
    if (!PLAIN.contains(node.getTag())) {
      problems.add(where(node, name), "", "tags are not understood; write plain values");
    }
    switch (node) {
      case MappingNode mapping -> {
        var keys = new HashSet<String>();
        for (NodeTuple entry : mapping.getValue()) {
          if (entry.getKeyNode() instanceof ScalarNode key && !keys.add(key.getValue())) {
            problems.add(where(key, name), key.getValue(), "occurs twice; keep one");
          }
          check(entry.getValueNode(), name, problems);
        }
      }
      case SequenceNode list -> list.getValue().forEach(entry -> check(entry, name, problems));
      default -> {}
    }
  }

  private static String where(Node node, String name) {
    return name + node.getStartMark().map(mark -> ":" + (mark.getLine() + 1)).orElse("");
  }

  private static String content(Path file, String name, Problems problems) {
    try {
      if (!Files.isRegularFile(file)) {
        problems.add(name, "", "no such file; name an existing one");
      } else if (Files.size(file) > MAX_BYTES) {
        problems.add(name, "", "larger than 1 MiB; this is not a configuration file");
      } else {
        return Files.readString(file);
      }
    } catch (IOException unreadable) {
      problems.add(name, "", "cannot be read; check its permissions and that it is UTF-8");
    }
    problems.throwIfAny();
    throw new IllegalStateException("unreachable: a problem was noted");
  }

  /// Where a section comes from.
  ///
  /// @param replaces whether variables are replaced
  /// @param text what was read
  record Source(Path file, Map<String, String> variables, boolean replaces, String text) {
    Source(Path file, Map<String, String> variables, boolean replaces) {
      this(file, variables, replaces, "");
    }

    Source of(String read) {
      return new Source(file, variables, replaces, read);
    }

    Optional<String> variable(String name) {
      String given = variables.get(name);
      return Optional.ofNullable(given == null ? System.getenv(name) : given);
    }
  }
}
