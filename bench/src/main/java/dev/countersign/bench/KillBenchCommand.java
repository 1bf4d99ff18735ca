package dev.countersign.bench;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `countersign bench kill`.
@Command(
    name = "kill",
    mixinStandardHelpOptions = true,
    description = "From a kill to the last session ended, hop by hop, on three replicas.")
final class KillBenchCommand implements Callable<Integer> {
  @Mixin private Printing printing = new Printing();

  @Option(
      names = "--rounds",
      paramLabel = "<n>",
      description = "how many people are killed; default: ${DEFAULT-VALUE}")
  private int rounds = 100;

  @Override
  public Integer call() throws Exception {
    try (KillStage stage = KillStage.open()) {
      printing.print(new KillBench(stage, Math.max(1, rounds)).run());
    }
    return 0;
  }
}
