package dev.countersign.bench;

import dev.countersign.protocol.StrictJson;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `countersign bench`: measures, and prints a table or one JSON object.
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measures one thing and prints a table.",
    footer = {
      "",
      "start   from the command to the last box that answers, embedded PostgreSQL included",
      "call    a guarded tool call, against the same statement on a plain connection"
    })
public final class BenchMain implements Callable<Integer> {
  @Parameters(index = "0", arity = "0..1", paramLabel = "<name>", description = "start or call")
  private @Nullable String name;

  @Option(names = "--json", description = "print one JSON object instead of a table")
  private boolean json;

  @Option(
      names = "--rounds",
      paramLabel = "<n>",
      description = "how often to repeat; default: what suits the benchmark")
  private int rounds;

  public static void main(String[] arguments) {
    System.exit(new CommandLine(new BenchMain()).execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    String wanted = name == null ? "" : name;
    Report report;
    switch (wanted) {
      case "start" -> report = new StartBench(rounds == 0 ? 3 : rounds).run();
      case "call" -> report = new CallBench(rounds == 0 ? 200 : rounds).run();
      default -> {
        CommandLine.usage(this, System.out);
        return wanted.isEmpty() ? 0 : 2;
      }
    }
    System.out.println(json ? StrictJson.write(report.json()) : report.table());
    return 0;
  }
}
