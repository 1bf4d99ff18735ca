package dev.countersign.server;

import dev.countersign.box.Database;
import dev.countersign.box.Migrations;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.ledger.postgres.PgLedger;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import dev.countersign.server.config.Installation;
import dev.countersign.sts.box.StsBox;
import dev.countersign.sts.keys.SigningKeys;
import dev.countersign.sts.postgres.PgClients;
import java.time.InstantSource;

/// A command's hand on the token service's state. What it changes is in the ledger.
final class TokenServiceState implements AutoCloseable {
  private final Installation installation;
  private final StateAccess state;
  private final Database database;
  private final PgLedger ledger;

  private TokenServiceState(
      Installation installation, StateAccess state, Database database, PgLedger ledger) {
    this.installation = installation;
    this.state = state;
    this.database = database;
    this.ledger = ledger;
  }

  static TokenServiceState open(ConfigOption config) {
    Installation installation = Installation.read(config.file(), config.variables());
    StateAccess state = StateAccess.open(installation);
    var login = state.box(StsBox.NAME);
    Migrations.run(state.owner(), StsBox.NAME, login.user(), StsBox.MIGRATIONS);
    Database database = Database.open("sts-command", login, 2);
    var ledger = new PgLedger(StsBox.NAME, database.dataSource(), InstantSource.system());
    return new TokenServiceState(installation, state, database, ledger);
  }

  Installation installation() {
    return installation;
  }

  PgClients clients() {
    return StsBox.clients(database, InstantSource.system());
  }

  SigningKeys keys() {
    return StsBox.keys(database, installation.sts().keys(), InstantSource.system());
  }

  /// Writes down what a command changed.
  void note(LedgerEvent event, String what, String name) {
    ledger.append(
        new LedgerEntry(
            event,
            Ids.random(),
            "",
            StrictJson.object()
                .put("what", what)
                .put("name", name)
                .put("by", "command line, " + System.getProperty("user.name", "unknown"))));
  }

  @Override
  public void close() {
    ledger.close();
    database.close();
    state.close();
  }
}
