package dev.countersign.server;

import dev.countersign.box.Database;
import dev.countersign.broker.box.LeaseDesk;
import dev.countersign.config.ConfigException;
import dev.countersign.ledger.postgres.PgLedger;
import dev.countersign.server.config.Installation;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Function;

/// Opens the leases of an installation for one command.
final class LeaseAccess {
  private static final int CONNECTIONS = 4;

  private LeaseAccess() {}

  static <T> T with(ConfigOption config, Function<LeaseDesk, T> work) {
    Installation installation = Installation.read(config.file(), config.variables());
    if (installation.broker().isEmpty()) {
      throw new ConfigException(List.of(Installation.NO_BROKER));
    }
    InstantSource clock = InstantSource.system();
    try (var access = StateAccess.open(installation)) {
      Installation located =
          installation.located(config.file(), config.variables(), access::mintLogin);
      try (Database state = Database.open("leases", access.box("broker"), CONNECTIONS);
          var ledger = new PgLedger("broker", state.dataSource(), clock);
          var desk = new LeaseDesk(located.broker().orElseThrow(), state, ledger, clock)) {
        return work.apply(desk);
      }
    }
  }
}
