package dev.countersign.server;

import dev.countersign.box.Database;
import dev.countersign.box.Logs;
import dev.countersign.config.ConfigException;
import dev.countersign.server.config.Installation;
import dev.countersign.sts.Anchor;
import dev.countersign.sts.AttributeStore;
import dev.countersign.sts.box.StsBox;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `countersign attributes`: facts about people that policy may use and tokens do not carry.
@Command(
    name = "attributes",
    mixinStandardHelpOptions = true,
    description = "Fills the store of facts about people that policy may use.")
final class AttributesCommand implements Runnable {
  private static final int CONNECTIONS = 2;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(System.out);
  }

  @Command(
      name = "import",
      mixinStandardHelpOptions = true,
      description =
          "Imports a CSV file, all of it or nothing: a header subject,name,value, then one attribute"
              + " a line, such as okta|00u1,refund_limit,5000.",
      footer = {"", "Exit code 0: imported. 2: the file or the configuration is wrong."})
  int importFile(
      @Mixin ConfigOption config,
      @Parameters(index = "0", paramLabel = "<file.csv>", description = "UTF-8") Path csv,
      @Option(
              names = "--source",
              paramLabel = "<name>",
              defaultValue = "import",
              description = "who says so, as policy sees it; default: ${DEFAULT-VALUE}")
          String source) {
    Logs.configure(Logs.Format.HUMAN);
    Installation installation = Installation.read(config.file(), config.variables());
    Set<String> anchors =
        installation.sts().anchors().stream().map(Anchor::name).collect(Collectors.toSet());
    try (StateAccess state = StateAccess.open(installation);
        Database database = Database.open("attributes", state.box("sts"), CONNECTIONS)) {
      long rows = run(StsBox.attributes(database), csv, anchors, source, InstantSource.system());
      System.out.println(rows + " attributes imported from " + csv);
      return 0;
    }
  }

  /// Imports a file.
  ///
  /// @throws ConfigException naming every line that is wrong, after which nothing is written
  static long run(
      AttributeStore store, Path csv, Set<String> anchors, String source, InstantSource clock) {
    if (source.equals("claim") || !AttributeStore.NAME.matcher(source).matches()) {
      throw new ConfigException(
          java.util.List.of("--source must be a-z, 0-9 and _, and not claim"));
    }
    try (var file = new AttributeFile(csv, anchors)) {
      return switch (store.importAll(file, source, clock.instant())) {
        case AttributeStore.Imported.Written(long rows) -> rows;
        case AttributeStore.Imported.Nothing(var repeated) -> {
          repeated.forEach(line ->
              file.problem(line, "another line names the same attribute of the same person"));
          throw new ConfigException(file.problems());
        }
      };
    }
  }
}
