package dev.countersign.server;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.server.config.Installation;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A copy of the refunds example on ports of its own, for `countersign prove` and what weakens it.
final class ProveStage implements AutoCloseable {
  private static final Path EXAMPLE =
      Path.of("..", "examples", "refunds").toAbsolutePath().normalize();
  private static final Pattern BROKEN = Pattern.compile("(?m)^✘ BROKEN +(\\S+)");

  private final Path config;
  private final Path data;
  private final Map<String, String> ports;

  /// @param folder an empty one
  ProveStage(Path folder) throws IOException {
    this.data = folder.resolve("data");
    this.ports = Ports.anyFree();
    this.config = copy(folder.resolve("example"));
  }

  Path config() {
    return config;
  }

  Map<String, String> variables() {
    var variables = new HashMap<>(ports);
    variables.put(ConfigOption.DATA, data.toString());
    return variables;
  }

  Path data() {
    return data;
  }

  /// Runs `countersign prove` on it.
  Told prove(String... options) {
    var arguments = new ArrayList<String>(List.of("prove"));
    arguments.addAll(List.of(where()));
    arguments.addAll(List.of(options));
    return run(arguments.toArray(new String[0]));
  }

  /// The options that name this installation.
  String[] where() {
    return new String[] {"-c", config.toString(), "--data", data.toString()};
  }

  static Told run(String... arguments) {
    PrintStream before = System.out;
    var screen = new ByteArrayOutputStream();
    try (var out = new PrintStream(screen, true, StandardCharsets.UTF_8)) {
      System.setOut(out);
      int code = Main.run(arguments);
      return new Told(code, screen.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(before);
    }
  }

  /// Runs statements as the superuser.
  void sql(String database, String statements) throws SQLException {
    Installation installation = Installation.read(config, variables());
    try (var state = StateAccess.open(installation)) {
      DatabaseSettings owner = state.database(database);
      try (Connection connection =
              DriverManager.getConnection(owner.url(), owner.user(), owner.password().reveal());
          var work = connection.createStatement()) {
        work.execute(statements);
      }
    }
  }

  /// The example with these ports written into it, since the command has no other way to know them;
  /// people are asked as often as they like.
  private Path copy(Path to) throws IOException {
    try (Stream<Path> files = Files.walk(EXAMPLE)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String text = Files.readString(file);
        for (Map.Entry<String, String> port : ports.entrySet()) {
          text = text.replaceAll("\\$\\{" + port.getKey() + ":[0-9]+\\}", port.getValue());
        }
        text =
            text.replace(
                "  step-up:\n",
                "  step-up:\n    prompts-per-hour: 100\n    wrong-codes-per-hour: 100\n"
                    + "    sends-per-hour: 100\n");
        Path copy = to.resolve(EXAMPLE.relativize(file).toString());
        Files.createDirectories(Objects.requireNonNull(copy.getParent()));
        Files.writeString(copy, text);
      }
    }
    return to.resolve("countersign.yaml");
  }

  @Override
  public void close() {
    EmbeddedPostgres.delete(data); // as root the cluster lies elsewhere
  }

  /// What a command said.
  record Told(int code, String text) {
    /// The properties that it found broken.
    Set<String> broken() {
      return BROKEN
          .matcher(text)
          .results()
          .map(result -> result.group(1))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }
}
