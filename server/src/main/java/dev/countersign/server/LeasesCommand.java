package dev.countersign.server;

import dev.countersign.box.Logs;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `countersign leases`: what is minted now, and the proof that nothing is left over.
@Command(
    name = "leases",
    mixinStandardHelpOptions = true,
    description = "The logins that are minted now: list, show, revoke, or prove that none is left.",
    subcommands = {LeasesListCommand.class, LeasesShowCommand.class, LeasesRevokeCommand.class},
    footer = {
      "",
      "With --orphans: asks every target database for logins that no open lease accounts for, and the"
          + " journal for leases that should be gone. Exit code 0: none of either. 1: some. A"
          + " database that is away is an error: nobody can tell then."
    })
final class LeasesCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private ConfigOption config = new ConfigOption();

  @Option(names = "--orphans", description = "count what should be gone and is not")
  private boolean orphans;

  @Override
  public Integer call() {
    if (!orphans) {
      spec.commandLine().usage(System.out);
      return 0;
    }
    Logs.configure(Logs.Format.HUMAN);
    return LeaseAccess.with(
        config,
        desk -> {
          int left = desk.orphans();
          long overdue = desk.overdue();
          System.out.println(left + " logins that no lease accounts for");
          System.out.println(overdue + " leases that should be gone");
          return left == 0 && overdue == 0 ? 0 : 1;
        });
  }
}
