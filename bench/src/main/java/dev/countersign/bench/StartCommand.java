package dev.countersign.bench;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `countersign bench start`.
@Command(
    name = "start",
    mixinStandardHelpOptions = true,
    description = "From the command to the last box that answers, embedded PostgreSQL included.")
final class StartCommand implements Callable<Integer> {
  @Mixin private Printing printing = new Printing();

  @Option(
      names = "--rounds",
      paramLabel = "<n>",
      description = "how often to repeat; default: ${DEFAULT-VALUE}")
  private int rounds = 3;

  @Override
  public Integer call() throws Exception {
    printing.print(new StartBench(rounds).run());
    return 0;
  }
}
