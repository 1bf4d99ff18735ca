package dev.countersign.server;

import dev.countersign.box.Database;
import dev.countersign.box.Logs;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.ledger.postgres.PgLedger;
import dev.countersign.protocol.StrictJson;
import dev.countersign.server.config.Installation;
import dev.countersign.signals.box.ReceiverBox;
import java.time.InstantSource;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `countersign receiver retry`: has what was given up for one kill tried again.
@Command(
    name = "retry",
    mixinStandardHelpOptions = true,
    description = "Has everything that was given up for one kill tried again.",
    footer = {"", "Exit code 0: it is under way again. 1: nothing was given up under this txn."})
final class ReceiverRetryCommand implements Callable<Integer> {
  @Mixin private ConfigOption config = new ConfigOption();

  @Parameters(index = "0", paramLabel = "<txn>", description = "as `receiver dead` shows it")
  private String txn = "";

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    Installation installation = Installation.read(config.file(), config.variables());
    InstantSource clock = InstantSource.system();
    try (var state = StateAccess.open(installation);
        Database database = Database.open("receiver-retry", state.box("receiver"), 1);
        var ledger = new PgLedger("receiver", database.dataSource(), clock)) {
      int revived = ReceiverBox.steps(database).revive(txn, clock.instant());
      if (revived > 0) {
        ledger.append(
            new LedgerEntry(
                LedgerEvent.KILL_REVIVED,
                txn,
                "",
                StrictJson.object()
                    .put("steps", revived)
                    .put("by", "command line, " + System.getProperty("user.name", "unknown"))));
      }
      System.out.println(revived + " steps are tried again");
      return revived > 0 ? 0 : 1;
    }
  }
}
