package dev.countersign.server;

import dev.countersign.box.Logs;
import dev.countersign.broker.Lease;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `countersign leases list`: one line per lease that is not ended.
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    description = "One line per lease that is not ended: id, login, presenter, person, end.")
final class LeasesListCommand implements Callable<Integer> {
  @Mixin private ConfigOption config = new ConfigOption();

  @ArgGroup private LeaseSelectionOption selection = new LeaseSelectionOption();

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    List<Lease> leases = LeaseAccess.with(config, desk -> desk.list(selection.selection()));
    leases.forEach(lease -> System.out.println(line(lease)));
    System.out.println(leases.size() + " leases");
    return 0;
  }

  private static String line(Lease lease) {
    return String.format(
        Locale.ROOT,
        "%s  %s  %s  %s  until %s",
        lease.id().text(),
        lease.user().text(),
        lease.presenter(),
        lease.subject(),
        lease.expiresAt());
  }
}
