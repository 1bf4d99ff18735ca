package dev.countersign.bench;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `countersign bench ledger`.
@Command(
    name = "ledger",
    mixinStandardHelpOptions = true,
    description = "Records verified per processor second, and a trace in a year of records.")
final class LedgerCommand implements Callable<Integer> {
  private static final long YEAR = 50_000_000;
  private static final long USUAL = 1_000_000;
  private static final long LEAST = 10_000;

  @Mixin private Printing printing = new Printing();

  @Option(
      names = "--rounds",
      paramLabel = "<n>",
      description = "how often to repeat; default: ${DEFAULT-VALUE}")
  private int rounds = 5;

  @Option(names = "--long", description = "50 million records instead of one million: about 40 GB")
  private boolean isLong;

  @Option(
      names = "--records",
      paramLabel = "<n>",
      description = "as many records instead, 10000 or more")
  private long records;

  @Override
  public Integer call() throws Exception {
    printing.print(new LedgerBench(Math.max(1, rounds), count()).run());
    return 0;
  }

  private long count() {
    if (records > 0) {
      return Math.max(LEAST, records);
    }
    return isLong ? YEAR : USUAL;
  }
}
