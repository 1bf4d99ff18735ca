package dev.countersign.server;

import dev.countersign.config.ConfigException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The options that say which installation a command is about.
final class ConfigOption {
  private static final Path DEFAULT = Path.of("countersign.yaml");
  private static final Path EXAMPLE = Path.of("examples", "refunds", "countersign.yaml");
  private static final Path DEMO_DATA = Path.of(".countersign", "demo");

  /// The variable of the configuration that names the data folder.
  static final String DATA = "COUNTERSIGN_DATA";

  @Option(
      names = {"-c", "--config"},
      paramLabel = "<file>",
      description =
          "the configuration; default: countersign.yaml in this folder, else that of the demo")
  private @Nullable Path config;

  @Option(
      names = "--data",
      paramLabel = "<folder>",
      description = "the folder for keys, secrets and the embedded PostgreSQL")
  private @Nullable Path data;

  /// The configuration file.
  ///
  /// @throws ConfigException if there is none
  Path file() {
    if (config != null) {
      return config;
    }
    if (Files.isRegularFile(DEFAULT)) {
      return DEFAULT;
    }
    return example();
  }

  /// The refunds example that comes with the project.
  static Path example() {
    Path file = home().resolve(EXAMPLE);
    if (!Files.isRegularFile(file)) {
      throw new ConfigException(
          List.of("no countersign.yaml in this folder; name one with --config <file>"));
    }
    return file;
  }

  /// Whether the example is here.
  static boolean hasExample() {
    return Files.isRegularFile(home().resolve(EXAMPLE));
  }

  /// The demo's data folder, unless another was named.
  Path demoData() {
    return data == null ? home().resolve(DEMO_DATA) : data.toAbsolutePath();
  }

  /// Values for the configuration's variables.
  Map<String, String> variables() {
    var variables = new HashMap<String, String>();
    if (data != null) {
      variables.put(DATA, data.toAbsolutePath().toString());
    } else if (config == null && !Files.isRegularFile(DEFAULT)) {
      variables.put(DATA, demoData().toString());
    }
    return variables;
  }

  /// The project's folder, as the door script names it.
  private static Path home() {
    String home = System.getenv("COUNTERSIGN_HOME");
    return Path.of(home == null ? "." : home).toAbsolutePath().normalize();
  }
}
