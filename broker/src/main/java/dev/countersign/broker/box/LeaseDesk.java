package dev.countersign.broker.box;

import dev.countersign.box.Database;
import dev.countersign.box.Seal;
import dev.countersign.broker.BrokerConfig;
import dev.countersign.broker.Engine;
import dev.countersign.broker.FaultPoint;
import dev.countersign.broker.Lease;
import dev.countersign.broker.LeaseEnding;
import dev.countersign.broker.LeaseId;
import dev.countersign.broker.LeaseJournal;
import dev.countersign.broker.LeaseSelection;
import dev.countersign.broker.LeaseSweeper;
import dev.countersign.broker.postgres.PgDefinitionStore;
import dev.countersign.broker.postgres.PgLeaseJournal;
import dev.countersign.broker.postgres.PgTargetDatabase;
import dev.countersign.broker.vault.DefinedEngines;
import dev.countersign.ledger.Ledger;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/// Leases for an operator at a terminal, beside a broker that may or may not be running: it works
/// on the same journal, as one more replica would.
public final class LeaseDesk implements AutoCloseable {
  private static final int CONNECTIONS = 2;

  private final LeaseJournal journal;
  private final LeaseEnding ending;
  private final LeaseSweeper sweeper;
  private final DefinedEngines engines;
  private final List<PgTargetDatabase> targets = new CopyOnWriteArrayList<>();

  /// @param state the broker's own schema, migrated
  public LeaseDesk(BrokerConfig config, Database state, Ledger ledger, InstantSource clock) {
    Map<String, Engine> byName = new HashMap<>();
    for (BrokerConfig.Target target : config.databases()) {
      byName.put(target.name(), open(target));
    }
    engines =
        new DefinedEngines(
            byName,
            new PgDefinitionStore(state),
            config.sealKey().map(Seal::new),
            (name, login) -> {
              PgTargetDatabase engine = open(new BrokerConfig.Target(name, login));
              return new DefinedEngines.Opened(engine, () -> {}, engine::close);
            });
    journal = new PgLeaseJournal(state);
    ending = new LeaseEnding(journal, engines, ledger, FaultPoint.Hook.NONE, clock);
    sweeper = new LeaseSweeper(journal, engines, ending, ledger, clock);
  }

  private PgTargetDatabase open(BrokerConfig.Target target) {
    var engine = new PgTargetDatabase(target, CONNECTIONS, FaultPoint.Hook.NONE);
    targets.add(engine);
    return engine;
  }

  /// The selected leases that are not ended.
  public List<Lease> list(LeaseSelection selection) {
    return journal.open(selection);
  }

  /// A lease, ended or not, as long as the journal keeps it.
  public Optional<Lease> find(LeaseId id) {
    return journal.find(id);
  }

  /// Ends leases; when this returns their logins are gone. All are tried even if one fails.
  ///
  /// @return what could not be ended, and why; the broker's sweeper goes on with it
  public Map<Lease, RuntimeException> revoke(List<Lease> leases) {
    var failed = new HashMap<Lease, RuntimeException>();
    for (Lease lease : leases) {
      try {
        ending.end(lease, Lease.Cause.OPERATOR, "");
      } catch (RuntimeException away) {
        failed.put(lease, away);
      }
    }
    return failed;
  }

  /// How many logins exist that no open lease accounts for, read from the databases now.
  ///
  /// @throws dev.countersign.protocol.UnavailableException if one is away: nobody can tell then
  public int orphans() {
    return sweeper.orphans();
  }

  /// How many leases should be gone and are not.
  public long overdue() {
    return sweeper.overdue();
  }

  @Override
  public void close() {
    engines.close();
    targets.forEach(PgTargetDatabase::close);
  }
}
