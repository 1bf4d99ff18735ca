package dev.countersign.bench;

import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.util.List;
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
      "call    a guarded tool call, against the same statement on a plain connection",
      "exchange  token exchanges per processor second, against a bare handler; --quick, --long,",
      "          --against keycloak"
    })
public final class BenchMain implements Callable<Integer> {
  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "<name>",
      description = "start, call or exchange")
  private @Nullable String name;

  @Option(names = "--json", description = "print one JSON object instead of a table")
  private boolean json;

  @Option(
      names = "--rounds",
      paramLabel = "<n>",
      description = "how often to repeat; default: what suits the benchmark")
  private int rounds;

  @Option(names = "--quick", description = "exchange: one size only")
  private boolean quick;

  @Option(
      names = "--long",
      description = "exchange: also with 10 million people and 5 million past grants")
  private boolean isLong;

  @Option(
      names = "--jvm",
      paramLabel = "<option>",
      description =
          "exchange: an option for the measured processes, such as"
              + " -XX:StartFlightRecording=filename=exchange.jfr; may repeat")
  private List<String> jvmOptions = List.of();

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
      case "exchange" -> report = exchange();
      default -> {
        CommandLine.usage(this, System.out);
        return wanted.isEmpty() ? 0 : 2;
      }
    }
    System.out.println(json ? StrictJson.write(report.json()) : report.table());
    return 0;
  }

  private Report exchange() throws IOException {
    var extent =
        quick
            ? ExchangeBench.Extent.QUICK
            : isLong ? ExchangeBench.Extent.LONG : ExchangeBench.Extent.USUAL;
    return new ExchangeBench(rounds == 0 ? 5 : rounds, extent, jvmOptions).run();
  }
}
