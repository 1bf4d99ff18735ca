package dev.countersign.server;

import dev.countersign.box.Database;
import dev.countersign.box.Logs;
import dev.countersign.server.config.Installation;
import dev.countersign.signals.act.Steps;
import dev.countersign.signals.box.ReceiverBox;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `countersign receiver dead`: what was given up.
@Command(
    name = "dead",
    mixinStandardHelpOptions = true,
    description = "Lists what was given up: whose sessions did not end, where and why.",
    footer = {"", "Exit code 0: nothing was given up. 1: something was."})
final class ReceiverDeadCommand implements Callable<Integer> {
  private static final int MOST = 200;

  @Mixin private ConfigOption config = new ConfigOption();

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    Installation installation = Installation.read(config.file(), config.variables());
    try (var state = StateAccess.open(installation);
        Database database = Database.open("receiver-dead", state.box("receiver"), 1)) {
      List<Steps.Dead> dead = ReceiverBox.steps(database).dead(MOST);
      dead.forEach(one ->
          System.out.println(
              String.format(
                  Locale.ROOT,
                  "%s  %-22s  %-12s  %-40s  %s, status %d, after %d attempts",
                  one.at(),
                  one.txn(),
                  one.handler(),
                  one.key().subject(),
                  one.outcome(),
                  one.status(),
                  one.attempts())));
      System.out.println(dead.size() + " given up");
      return dead.isEmpty() ? 0 : 1;
    }
  }
}
