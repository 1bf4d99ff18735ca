package dev.countersign.server;

import dev.countersign.box.Database;
import dev.countersign.box.Logs;
import dev.countersign.server.config.Installation;
import dev.countersign.signals.box.TransmitterBox;
import dev.countersign.signals.transmit.DeadLetters;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `countersign transmitter dead`: what waits in each stream, and what it will not get any more.
@Command(
    name = "dead",
    mixinStandardHelpOptions = true,
    description = "Shows how much waits in each stream, and every dead event with the reason.",
    footer = {"", "Exit code 0: no event is dead. 1: some are."})
final class TransmitterDeadCommand implements Callable<Integer> {
  private static final int MOST = 200;

  @Mixin private ConfigOption config = new ConfigOption();

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    Installation installation = Installation.read(config.file(), config.variables());
    try (var state = StateAccess.open(installation);
        Database database = Database.open("transmitter-dead", state.box("transmitter"), 1)) {
      DeadLetters letters = TransmitterBox.deadLetters(database);
      letters
          .waiting()
          .forEach(stream ->
              System.out.println(
                  stream.events()
                      + " wait for "
                      + stream.receiver()
                      + " ("
                      + stream.streamId()
                      + ")"));
      List<DeadLetters.Dead> dead = letters.list(MOST);
      dead.forEach(one ->
          System.out.println(
              String.format(
                  Locale.ROOT,
                  "%s  %s  %-22s  %-40s  for %s: %s",
                  one.at(),
                  one.id(),
                  one.txn(),
                  one.subject(),
                  one.receiver(),
                  one.reason())));
      System.out.println(dead.size() + " dead");
      return dead.isEmpty() ? 0 : 1;
    }
  }
}
