package dev.countersign.server;

import dev.countersign.box.Database;
import dev.countersign.box.Logs;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.ledger.postgres.PgLedger;
import dev.countersign.protocol.StrictJson;
import dev.countersign.server.config.Installation;
import dev.countersign.signals.box.TransmitterBox;
import java.time.InstantSource;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `countersign transmitter redeliver`: has a dead event delivered again.
@Command(
    name = "redeliver",
    mixinStandardHelpOptions = true,
    description = "Has a dead event delivered again to every stream where it is dead.",
    footer = {"", "Exit code 0: it is under way again. 1: no such event is dead."})
final class TransmitterRedeliverCommand implements Callable<Integer> {
  @Mixin private ConfigOption config = new ConfigOption();

  @Parameters(index = "0", paramLabel = "<jti>", description = "as `transmitter dead` shows it")
  private String id = "";

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    Installation installation = Installation.read(config.file(), config.variables());
    InstantSource clock = InstantSource.system();
    try (var state = StateAccess.open(installation);
        Database database = Database.open("transmitter-redeliver", state.box("transmitter"), 1);
        var ledger = new PgLedger("transmitter", database.dataSource(), clock)) {
      int streams = TransmitterBox.deadLetters(database).revive(id, clock.instant());
      if (streams > 0) {
        ledger.append(
            new LedgerEntry(
                LedgerEvent.EVENT_REVIVED,
                "",
                "",
                StrictJson.object()
                    .put("set", id)
                    .put("streams", streams)
                    .put("by", "command line, " + System.getProperty("user.name", "unknown"))));
      }
      System.out.println("it goes again to " + streams + " streams");
      return streams > 0 ? 0 : 1;
    }
  }
}
