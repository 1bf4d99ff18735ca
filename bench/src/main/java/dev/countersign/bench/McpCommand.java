package dev.countersign.bench;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `countersign bench mcp`.
@Command(
    name = "mcp",
    mixinStandardHelpOptions = true,
    description =
        "A guarded tool call hop by hop, against the same statement without us; and the gateway in"
            + " front of a server, against the server alone.")
final class McpCommand implements Callable<Integer> {
  @Mixin private Printing printing = new Printing();

  @Option(
      names = "--rounds",
      paramLabel = "<n>",
      description = "guarded calls that are measured; default: ${DEFAULT-VALUE}")
  private int rounds = 300;

  @Option(
      names = "--forwarded",
      paramLabel = "<n>",
      description = "calls that the gateway forwards; default: ${DEFAULT-VALUE}")
  private int forwarded = 3_000;

  @Option(
      names = "--long",
      description = "also a million forwarded calls, to see whether memory stays flat")
  private boolean isLong;

  @Override
  public Integer call() throws Exception {
    printing.print(new McpBench(rounds, forwarded, isLong ? 1_000_000 : 0).run());
    return 0;
  }
}
