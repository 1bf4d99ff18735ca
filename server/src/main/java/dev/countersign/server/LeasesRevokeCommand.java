package dev.countersign.server;

import dev.countersign.box.Logs;
import dev.countersign.broker.Lease;
import dev.countersign.broker.LeaseId;
import dev.countersign.broker.LeaseSelection;
import dev.countersign.broker.box.LeaseDesk;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `countersign leases revoke`: ends logins now, with their connections.
@Command(
    name = "revoke",
    mixinStandardHelpOptions = true,
    description =
        "Ends logins now, with their connections. It does not keep new ones from being minted: to end"
            + " a person's sessions everywhere, raise a session-revoked event.",
    footer = {
      "",
      "Exit code 0: all are gone. 1: none was selected, or some could not be ended yet."
    })
final class LeasesRevokeCommand implements Callable<Integer> {
  @Mixin private ConfigOption config = new ConfigOption();

  @ArgGroup(multiplicity = "1")
  private Wanted wanted = new Wanted();

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    return LeaseAccess.with(config, this::revoke);
  }

  private int revoke(LeaseDesk desk) {
    List<Lease> leases = wanted.leases(desk);
    Map<Lease, RuntimeException> failed = desk.revoke(leases);
    failed.forEach((lease, why) ->
        System.out.println(lease.id().text() + " could not be ended yet: " + why.getMessage()));
    System.out.println((leases.size() - failed.size()) + " ended");
    return leases.isEmpty() || !failed.isEmpty() ? 1 : 0;
  }

  /// A lease by its id, or several by what they have in common.
  static final class Wanted {
    @Parameters(index = "0", arity = "0..1", paramLabel = "<lease>", description = "its id")
    private @Nullable String id;

    @ArgGroup private @Nullable LeaseSelectionOption selection;

    List<Lease> leases(LeaseDesk desk) {
      String one = id;
      if (one != null) {
        return desk
            .find(new LeaseId(one))
            .filter(lease -> !(lease.state() instanceof Lease.State.Ended))
            .stream()
            .toList();
      }
      return desk.list(
          selection == null ? new LeaseSelection.WithPrefix("", "") : selection.selection());
    }
  }
}
