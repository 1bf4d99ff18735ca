package dev.countersign.server;

import dev.countersign.box.Database;
import dev.countersign.box.Logs;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.ledger.postgres.PgLedgerReader;
import dev.countersign.server.config.Installation;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `countersign kills`: the stopwatch of every kill, from the ledger.
@Command(
    name = "kills",
    mixinStandardHelpOptions = true,
    description = "Shows kills, newest first; with a txn, when each of its hops was done.",
    footer = {
      "",
      "A step that is done has been answered by the place it went to. What an identity provider has",
      "issued before lives on to its exp: Microsoft Graph may take minutes, and ends no access token.",
      "Exit code 0: found. 1: nothing found."
    })
final class KillsCommand implements Callable<Integer> {
  private static final int NEWEST = 40;

  @Mixin private ConfigOption config = new ConfigOption();

  @Parameters(index = "0", arity = "0..1", paramLabel = "<txn>", description = "one kill")
  private @Nullable String txn;

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    Installation installation = Installation.read(config.file(), config.variables());
    try (var state = StateAccess.open(installation);
        Database auditor = Database.open("kills", state.auditor(), 1)) {
      var ledger = new PgLedgerReader(auditor.dataSource());
      String wanted = txn;
      return wanted == null ? list(ledger) : one(ledger, wanted);
    }
  }

  private static int one(PgLedgerReader ledger, String txn) {
    Optional<KillTimes> times = KillTimes.of(txn, ledger.trace(txn));
    System.out.print(times.map(KillTimes::text).orElse("No kill has this txn.\n"));
    return times.isPresent() ? 0 : 1;
  }

  private static int list(PgLedgerReader ledger) {
    List<String> txns =
        ledger.newest(LedgerEvent.EVENT_ACCEPTED, NEWEST).stream()
            .map(LedgerRecord::jti)
            .distinct()
            .toList();
    txns.forEach(txn ->
        KillTimes.of(txn, ledger.trace(txn)).ifPresent(times -> System.out.println(times.line())));
    if (txns.isEmpty()) {
      System.out.println("Nobody's sessions were ended.");
    }
    return txns.isEmpty() ? 1 : 0;
  }
}
