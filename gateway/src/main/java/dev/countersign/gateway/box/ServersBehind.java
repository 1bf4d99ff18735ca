package dev.countersign.gateway.box;

import dev.countersign.box.Database;
import dev.countersign.gateway.http.HttpChannel;
import dev.countersign.gateway.postgres.PgPins;
import dev.countersign.gateway.stdio.ProgramChannel;
import dev.countersign.gateway.tools.Credential;
import dev.countersign.gateway.tools.Server;
import dev.countersign.gateway.tools.Tools;
import dev.countersign.gateway.upstream.Catalog;
import dev.countersign.gateway.upstream.CatalogLoop;
import dev.countersign.gateway.upstream.Channel;
import dev.countersign.gateway.upstream.Dialogue;
import dev.countersign.ledger.Ledger;
import dev.countersign.protocol.http.WireClient;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;

/// The servers behind one gateway: the ways to them, and the catalog of their tools.
record ServersBehind(Catalog catalog, CatalogLoop loop, Map<String, Dialogue> dialogues)
    implements AutoCloseable {
  private static final int MAX_LINE = 4 << 20;

  static ServersBehind open(
      Tools tools,
      WireClient client,
      Database database,
      Ledger ledger,
      String version,
      InstantSource clock) {
    var dialogues = new LinkedHashMap<String, Dialogue>();
    for (Server server : tools.servers()) {
      dialogues.put(server.name(), new Dialogue(server, channel(server, client), version));
    }
    var catalog = new Catalog(tools, dialogues, new PgPins(database, clock), ledger, clock);
    return new ServersBehind(catalog, CatalogLoop.start(catalog), dialogues);
  }

  private static Channel channel(Server server, WireClient client) {
    return switch (server.place()) {
      case Server.Place.Http(var address) -> new HttpChannel(address, client);
      case Server.Place.Program program ->
          new ProgramChannel(program, secrets(server.credential()), MAX_LINE);
    };
  }

  private static Map<String, String> secrets(Credential credential) {
    return credential instanceof Credential.Vendor(var token, var variable)
        ? Map.of(variable, token.reveal())
        : Map.of();
  }

  @Override
  public void close() {
    loop.close();
    dialogues.values().forEach(Dialogue::close);
  }
}
