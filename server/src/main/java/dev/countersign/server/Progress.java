package dev.countersign.server;

import java.io.Console;
import java.io.PrintStream;
import java.util.Optional;
import java.util.function.Consumer;

/// Shows what a start is busy with: one line that rewrites itself on a terminal, plain lines
/// elsewhere.
final class Progress implements Consumer<String> {
  private final PrintStream out;
  private final boolean terminal;
  private int width;

  Progress(PrintStream out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  /// Whether the standard output is a terminal that shows colours.
  static boolean isTerminal() {
    return Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false)
        && System.getenv("NO_COLOR") == null;
  }

  @Override
  public synchronized void accept(String step) {
    String line = "  starting: " + step + " …";
    if (terminal) {
      out.print("\r" + line + " ".repeat(Math.max(0, width - line.length())));
      out.flush();
      width = line.length();
    } else {
      out.println(line);
    }
  }

  /// Ends the line with what was reached.
  synchronized void done(String result) {
    if (terminal) {
      out.print("\r" + " ".repeat(width) + "\r");
    }
    out.println(result);
  }
}
