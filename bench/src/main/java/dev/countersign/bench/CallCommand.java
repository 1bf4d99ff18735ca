package dev.countersign.bench;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `countersign bench call`.
@Command(
    name = "call",
    mixinStandardHelpOptions = true,
    description = "A guarded tool call, against the same statement on a plain connection.")
final class CallCommand implements Callable<Integer> {
  @Mixin private Printing printing = new Printing();

  @Option(
      names = "--rounds",
      paramLabel = "<n>",
      description = "how often to repeat; default: ${DEFAULT-VALUE}")
  private int rounds = 200;

  @Override
  public Integer call() throws Exception {
    printing.print(new CallBench(rounds).run());
    return 0;
  }
}
