package dev.countersign.bench;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.protocol.Secret;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `countersign bench lastmile`.
@Command(
    name = "lastmile",
    mixinStandardHelpOptions = true,
    description =
        "A login for one request: mint, connect, statement, revoke, in turn with Vault's default"
            + " statements and with REASSIGN and DROP OWNED.",
    footer = {
      "",
      "With --url the databases countersign_bench_ours, _vault and _reassign are made on that server"
          + " and dropped afterwards. The password is read from COUNTERSIGN_BENCH_PASSWORD."
    })
final class LastMileCommand implements Callable<Integer> {
  @Mixin private Printing printing = new Printing();

  @Option(
      names = "--rounds",
      paramLabel = "<n>",
      description = "how often to repeat; default: ${DEFAULT-VALUE}")
  private int rounds = 200;

  @Option(names = "--long", description = "also 100,000 cycles: is the last as quick as the first?")
  private boolean isLong;

  @Option(
      names = "--url",
      paramLabel = "<jdbc-url>",
      description = "a PostgreSQL of your own instead of the embedded one")
  private @Nullable String url;

  @Option(
      names = "--user",
      paramLabel = "<user>",
      description = "a superuser there; default: ${DEFAULT-VALUE}")
  private String user = "postgres";

  @Override
  public Integer call() throws Exception {
    String password = System.getenv("COUNTERSIGN_BENCH_PASSWORD");
    Optional<DatabaseSettings> server =
        Optional.ofNullable(url)
            .map(address ->
                new DatabaseSettings(address, user, new Secret(password == null ? "" : password)));
    printing.print(new LastMileBench(rounds, isLong, server).run());
    return 0;
  }
}
