package dev.countersign.server;

import picocli.CommandLine;

/// The entry of every command. What goes wrong is told in one clear line (or one line a problem),
/// never as a stack trace.
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    System.exit(run(arguments));
  }

  /// Runs one command and gives its exit code.
  public static int run(String... arguments) {
    return new CommandLine(new Countersign())
        .setExecutionExceptionHandler(Failures::tell)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .execute(arguments);
  }
}
