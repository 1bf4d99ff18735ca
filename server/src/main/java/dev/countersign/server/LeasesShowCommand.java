package dev.countersign.server;

import dev.countersign.box.Logs;
import dev.countersign.broker.Lease;
import dev.countersign.broker.LeaseId;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `countersign leases show`: all that the journal knows of one lease.
@Command(
    name = "show",
    mixinStandardHelpOptions = true,
    description = "All that the journal knows of one lease. Exit code 1: it does not know it.")
final class LeasesShowCommand implements Callable<Integer> {
  @Mixin private ConfigOption config = new ConfigOption();

  @Parameters(index = "0", paramLabel = "<lease>", description = "its id")
  private String id = "";

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    Optional<Lease> found = LeaseAccess.with(config, desk -> desk.find(new LeaseId(id)));
    if (found.isEmpty()) {
      System.out.println("There is no such lease.");
      return 1;
    }
    show(found.get());
    return 0;
  }

  private static void show(Lease lease) {
    line("lease", lease.id().text());
    line("login", lease.user().text() + " in database " + lease.database());
    line("role", lease.role());
    line("presenter", lease.presenter());
    line("person", lease.subject());
    line("client", lease.client());
    line("jti", lease.token().jti());
    line("issued", lease.issuedAt().toString());
    line("ends", lease.expiresAt() + ", at the latest " + lease.longestUntil());
    line("renewed", lease.renewedAt().map(Object::toString).orElse("never"));
    line(
        "state",
        switch (lease.state()) {
          case Lease.State.Prepared _ -> "prepared: nobody has its password yet";
          case Lease.State.Active _ -> "active";
          case Lease.State.Ending(Lease.Cause cause) -> "ending: " + word(cause);
          case Lease.State.Ended(var at, Lease.Cause cause) -> "ended " + at + ": " + word(cause);
        });
  }

  private static String word(Lease.Cause cause) {
    return cause.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static void line(String name, String value) {
    System.out.println(String.format(Locale.ROOT, "%-10s %s", name, value));
  }
}
