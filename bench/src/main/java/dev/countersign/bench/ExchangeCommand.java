package dev.countersign.bench;

import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `countersign bench exchange`.
@Command(
    name = "exchange",
    mixinStandardHelpOptions = true,
    description = "Token exchanges per processor second, against a bare handler.")
final class ExchangeCommand implements Callable<Integer> {
  @Mixin private Printing printing = new Printing();

  @Option(
      names = "--rounds",
      paramLabel = "<n>",
      description = "how often to repeat; default: ${DEFAULT-VALUE}")
  private int rounds = 5;

  @Option(
      names = "--connections",
      paramLabel = "<n>",
      description = "how many callers wait for an answer at once; default: ${DEFAULT-VALUE}")
  private int connections = 16;

  @Option(names = "--quick", description = "one size only")
  private boolean quick;

  @Option(names = "--long", description = "also with 10 million people and 5 million past grants")
  private boolean isLong;

  @Option(
      names = "--jvm",
      paramLabel = "<option>",
      description =
          "an option for the measured processes, such as"
              + " -XX:StartFlightRecording=filename=exchange.jfr; may repeat")
  private List<String> jvmOptions = List.of();

  @Option(
      names = "--against",
      paramLabel = "<peer>",
      description =
          "compare with `keycloak`, its standard token exchange, which is fetched; or with"
              + " `no-ledger`, ourselves without writing anything down")
  private @Nullable String against;

  @Override
  public Integer call() throws Exception {
    if (against != null) {
      var bench = new ExchangeBench(rounds, ExchangeBench.Extent.QUICK, connections, jvmOptions);
      printing.print(
          switch (against) {
            case "keycloak" -> bench.runAgainstKeycloak(ExchangeStage.home());
            case "no-ledger" -> bench.runAgainstNoLedger();
            default -> throw new IllegalArgumentException("--against knows keycloak and no-ledger");
          });
      return 0;
    }
    var extent =
        quick
            ? ExchangeBench.Extent.QUICK
            : isLong ? ExchangeBench.Extent.LONG : ExchangeBench.Extent.USUAL;
    printing.print(new ExchangeBench(rounds, extent, connections, jvmOptions).run());
    return 0;
  }
}
