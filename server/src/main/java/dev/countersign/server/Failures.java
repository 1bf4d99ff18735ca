package dev.countersign.server;

import dev.countersign.config.ConfigException;
import java.io.PrintWriter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/// How a command that failed tells so: one line a problem, with what to do. The variable
/// COUNTERSIGN_DEBUG adds the stack trace to the log.
final class Failures {
  private static final Logger LOG = LoggerFactory.getLogger(Failures.class);

  private Failures() {}

  /// Prints the failure and gives the exit code: 2 for a configuration that must be mended, 1 for
  /// everything else.
  static int tell(Exception failure, CommandLine command, CommandLine.ParseResult ignored) {
    PrintWriter err = command.getErr();
    if (failure instanceof ConfigException config) {
      err.println("The configuration has problems:");
      config.problems().forEach(problem -> err.println("  " + problem));
      return 2;
    }
    if (System.getenv("COUNTERSIGN_DEBUG") != null) {
      LOG.error("the command failed", failure);
    }
    err.println(line(failure));
    return 1;
  }

  private static String line(Exception failure) {
    String message = failure.getMessage();
    return message == null ? failure.getClass().getSimpleName() : message;
  }
}
