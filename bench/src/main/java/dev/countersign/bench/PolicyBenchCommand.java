package dev.countersign.bench;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `countersign bench policy`.
@Command(
    name = "policy",
    mixinStandardHelpOptions = true,
    description = "Decisions per processor second, and what counters cost.")
final class PolicyBenchCommand implements Callable<Integer> {
  @Mixin private Printing printing = new Printing();

  @Option(
      names = "--rounds",
      paramLabel = "<n>",
      description = "how often to repeat; default: ${DEFAULT-VALUE}")
  private int rounds = 7;

  @Override
  public Integer call() throws Exception {
    printing.print(new PolicyBench(rounds).run());
    return 0;
  }
}
