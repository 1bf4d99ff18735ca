package dev.countersign.server;

import dev.countersign.box.Logs;
import dev.countersign.server.config.Installation;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `countersign check`: reads the configuration, the policy, the types and the tools, and starts
/// nothing.
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    description =
        "Checks a configuration and every file it names; tells each problem with file, line, key"
            + " and the fix.",
    footer = {"", "Exit code 0: no problem. 2: problems, one a line."})
final class CheckCommand implements Callable<Integer> {
  @Mixin private ConfigOption config = new ConfigOption();

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    Installation installation = Installation.read(config.file(), config.variables());
    System.out.println(config.file() + " has no problems:");
    System.out.println(
        "  "
            + installation.sts().anchors().size()
            + " trust anchors, "
            + installation.types().types().size()
            + " types of authorization details, policy "
            + installation.policy().version().substring(0, 12)
            + ", "
            + installation.tools().all().size()
            + " tools, "
            + installation
                .broker()
                .map(broker -> broker.roles().size() + " broker roles")
                .orElse("a Vault in the broker's place"));
    return 0;
  }
}
