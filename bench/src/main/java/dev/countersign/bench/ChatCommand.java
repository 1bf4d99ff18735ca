package dev.countersign.bench;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `countersign bench chat`.
@Command(
    name = "chat",
    mixinStandardHelpOptions = true,
    description = "The chat's page in Chromium: first paint, size, shifts, accessibility.")
final class ChatCommand implements Callable<Integer> {
  @Mixin private Printing printing = new Printing();

  @Option(
      names = "--rounds",
      paramLabel = "<n>",
      description = "how often the page is opened; default: ${DEFAULT-VALUE}")
  private int rounds = 9;

  @Override
  public Integer call() throws Exception {
    printing.print(new ChatBench(rounds).run(ExchangeStage.home()));
    return 0;
  }
}
