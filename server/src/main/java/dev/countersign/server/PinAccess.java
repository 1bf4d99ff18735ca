package dev.countersign.server;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseFault;
import dev.countersign.gateway.postgres.PgPins;
import dev.countersign.gateway.tools.Server;
import dev.countersign.gateway.upstream.Pins;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.ledger.postgres.PgLedger;
import dev.countersign.protocol.StrictJson;
import dev.countersign.server.config.Installation;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// Opens the pins of an installation for one command.
record PinAccess(Pins pins, Ledger ledger, List<Server> servers) {
  private static final int CONNECTIONS = 2;
  private static final String UNDEFINED_TABLE = "42P01";

  static <T> T with(ConfigOption config, Function<PinAccess, T> work) {
    Installation installation = Installation.read(config.file(), config.variables());
    InstantSource clock = InstantSource.system();
    try (var access = StateAccess.open(installation);
        Database state = Database.open("mcp", access.box("gateway"), CONNECTIONS);
        var ledger = new PgLedger("gateway", state.dataSource(), clock)) {
      return work.apply(
          new PinAccess(new PgPins(state, clock), ledger, installation.tools().servers()));
    } catch (DatabaseFault fault) {
      if (fault.sqlState().equals(UNDEFINED_TABLE)) {
        throw new IllegalStateException(
            "no gateway has run with this configuration yet, so no tools were seen; start it once"
                + " with ./countersign serve",
            fault);
      }
      throw fault;
    }
  }

  Optional<Pins.Pin> find(String server, String tool) {
    return pins.all().stream()
        .filter(pin -> pin.server().equals(server) && pin.tool().equals(tool))
        .findFirst();
  }

  Optional<Server> server(String name) {
    return servers.stream().filter(server -> server.name().equals(name)).findFirst();
  }

  void record(LedgerEvent event, String server, String tool, String digest) {
    var data = StrictJson.object().put("server", server).put("tool", tool);
    data.put("digest", digest).put("by", operator());
    ledger.append(new LedgerEntry(event, "", "", data));
  }

  static String operator() {
    return System.getProperty("user.name", "operator");
  }
}
