package dev.countersign.bench;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/// `countersign bench`: measures, and prints a table or one JSON object. Each benchmark is a
/// subcommand with options of its own.
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measures one thing and prints a table.",
    subcommands = {
      StartCommand.class,
      ChatCommand.class,
      ExchangeCommand.class,
      KillBenchCommand.class,
      LastMileCommand.class,
      LedgerCommand.class,
      McpCommand.class,
      PolicyBenchCommand.class
    })
public final class BenchMain implements Runnable {
  public static void main(String[] arguments) {
    System.exit(
        new CommandLine(new BenchMain())
            .setExecutionExceptionHandler(BenchMain::tell)
            .execute(arguments));
  }

  @Override
  public void run() {
    CommandLine.usage(this, System.out);
  }

  // One line; the variable COUNTERSIGN_DEBUG adds where it happened.
  private static int tell(Exception failure, CommandLine command, CommandLine.ParseResult ignored) {
    if (System.getenv("COUNTERSIGN_DEBUG") != null) {
      failure.printStackTrace(command.getErr());
    }
    String message = failure.getMessage();
    command.getErr().println(message == null ? failure.getClass().getSimpleName() : message);
    return 1;
  }
}
