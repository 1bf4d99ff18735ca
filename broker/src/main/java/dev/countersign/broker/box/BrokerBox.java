package dev.countersign.broker.box;

import dev.countersign.box.BoxServer;
import dev.countersign.box.Database;
import dev.countersign.box.DatabaseAway;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.Health;
import dev.countersign.box.Metrics;
import dev.countersign.box.Seal;
import dev.countersign.broker.BrokerConfig;
import dev.countersign.broker.CredentialMint;
import dev.countersign.broker.Engine;
import dev.countersign.broker.Engines;
import dev.countersign.broker.FaultPoint;
import dev.countersign.broker.LeaseEnding;
import dev.countersign.broker.LeaseJournal;
import dev.countersign.broker.LeaseSweeper;
import dev.countersign.broker.Leases;
import dev.countersign.broker.OnBehalfOfTokens;
import dev.countersign.broker.PresenterKeys;
import dev.countersign.broker.Presenters;
import dev.countersign.broker.Refusals;
import dev.countersign.broker.Roles;
import dev.countersign.broker.SqlName;
import dev.countersign.broker.http.BrokerRoutes;
import dev.countersign.broker.postgres.PgDefinitionStore;
import dev.countersign.broker.postgres.PgLeaseJournal;
import dev.countersign.broker.postgres.PgReplayGuard;
import dev.countersign.broker.postgres.PgSessionStore;
import dev.countersign.broker.postgres.PgSharedKey;
import dev.countersign.broker.postgres.PgTargetDatabase;
import dev.countersign.broker.postgres.PgWrappedAnswers;
import dev.countersign.broker.vault.DefinedEngines;
import dev.countersign.broker.vault.DefinedRoles;
import dev.countersign.broker.vault.Definitions;
import dev.countersign.broker.vault.Sessions;
import dev.countersign.broker.vault.Wrapping;
import dev.countersign.ledger.Ledger;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.http.RemoteKeySet;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The running broker.
public final class BrokerBox implements AutoCloseable {
  /// The class path folder of the broker's migrations.
  public static final String MIGRATIONS = "dev/countersign/broker/migrations";

  private static final Logger LOG = LoggerFactory.getLogger(BrokerBox.class);
  private static final Duration SWEEP_EVERY = Duration.ofSeconds(5);
  private static final int TARGET_CONNECTIONS = 16;
  private static final String INVALID_AUTHORIZATION = "28";
  private static final Duration RETIRE_AFTER = Duration.ofMinutes(1);

  private final BoxServer server;
  private final LeaseSweeper sweeper;
  private final Thread sweeping;
  private final List<PgTargetDatabase> targets;

  private BrokerBox(
      BoxServer server, LeaseSweeper sweeper, Thread sweeping, List<PgTargetDatabase> targets) {
    this.server = server;
    this.sweeper = sweeper;
    this.sweeping = sweeping;
    this.targets = targets;
  }

  /// Starts the broker: checks the target databases, sweeps once, then listens.
  ///
  /// @param state the broker's own schema, migrated
  /// @throws dev.countersign.broker.UnsafeTargetException if a target database is set up unsafely.
  ///   One that is away is checked before its first mint instead.
  public static BrokerBox start(
      BrokerConfig config, Database state, Ledger ledger, InstantSource clock) {
    return start(config, state, ledger, clock, UnaryOperator.identity(), FaultPoint.Hook.NONE);
  }

  /// @param around wraps every engine; tests let things go wrong there
  /// @param faults what happens between two lasting effects
  static BrokerBox start(
      BrokerConfig config,
      Database state,
      Ledger ledger,
      InstantSource clock,
      UnaryOperator<Engine> around,
      FaultPoint.Hook faults) {
    var opened = new CopyOnWriteArrayList<PgTargetDatabase>();
    try {
      return start(config, state, ledger, clock, around, faults, opened);
    } catch (RuntimeException failed) {
      opened.forEach(PgTargetDatabase::close);
      throw failed;
    }
  }

  private static BrokerBox start(
      BrokerConfig config,
      Database state,
      Ledger ledger,
      InstantSource clock,
      UnaryOperator<Engine> around,
      FaultPoint.Hook faults,
      List<PgTargetDatabase> opened) {
    var health = new Health();
    var metrics = new Metrics();
    health.check("state", state::isUp);
    Map<String, Engine> byDatabase = new HashMap<>();
    for (BrokerConfig.Target configured : config.databases()) {
      var target = new PgTargetDatabase(configured, TARGET_CONNECTIONS, faults);
      opened.add(target);
      health.check("database " + configured.name(), target::isUp);
      metrics.gauge(
          "countersign.catalog.dead.tuples",
          target::deadCatalogTuples,
          "database",
          configured.name());
      byDatabase.put(configured.name(), around.apply(target));
      check(target, configured.name(), config);
    }
    var definitionStore = new PgDefinitionStore(state);
    Optional<Seal> seal = config.sealKey().map(Seal::new);
    Engines engines =
        new DefinedEngines(
            byDatabase,
            definitionStore,
            seal,
            (name, settings) -> open(name, settings, around, faults, opened));
    try {
      engines.all(); // A seal key that is missing, or another one, is found out now.
    } catch (DatabaseAway away) {
      LOG.warn("the broker's own database is away; written databases are opened when needed");
    }
    Roles roles = new DefinedRoles(config, definitionStore);
    LeaseJournal journal = new PgLeaseJournal(state);
    var ending = new LeaseEnding(journal, engines, ledger, faults, clock);
    var keys = new RemoteKeySet(config.issuer().jwks(), new WireClient(), clock);
    Presenters.TokensAt tokens =
        (role, at) -> new OnBehalfOfTokens(config.issuer().issuer(), role.audience(), keys, at);
    var presenterKeys =
        new PresenterKeys(config, new PgSharedKey(state), new PgReplayGuard(state), clock);
    var presenters =
        new Presenters(
            new PresenterAssertion.Checker(
                Set.of(config.baseUri().toString()),
                config.workloads(),
                new PgReplayGuard(state),
                clock),
            roles,
            tokens,
            presenterKeys);
    var mint =
        new CredentialMint(
            config,
            roles,
            engines,
            role -> tokens.verifier(role, clock),
            presenters,
            journal,
            ending,
            ledger,
            faults,
            clock);
    var leases = new Leases(config, presenters, journal, engines, ending, ledger, faults, clock);
    var sweeper = new LeaseSweeper(journal, engines, ending, ledger, clock);
    metrics.gauge("countersign.leases.overdue", sweeper::overdue);
    health.check("leases", () -> sweeper.overdue() < config.limits().debt());
    Function<BrokerConfig.Role, OnBehalfOfTokens> verifiers = role -> tokens.verifier(role, clock);
    var sessions =
        new Sessions(
            config.operators(),
            roles,
            verifiers,
            presenters,
            new PgSessionStore(state),
            journal,
            mint,
            leases,
            ledger,
            clock);
    var definitions =
        new Definitions(
            config,
            definitionStore,
            seal,
            (name, settings) -> verify(name, settings, faults),
            journal,
            ledger,
            clock);
    var wrapping = new Wrapping(new PgWrappedAnswers(state), ledger, clock);
    var routes =
        new BrokerRoutes(
            new BrokerRoutes.Parts(mint, leases, sessions, definitions, wrapping, presenters),
            config.operators(),
            new Refusals(ledger),
            (operation, outcome) ->
                metrics
                    .counter(
                        "countersign.broker.requests", "operation", operation, "outcome", outcome)
                    .increment(),
            state::isUp,
            presenterKeys::nonce,
            clock);
    sweep(sweeper);
    var server =
        BoxServer.start(
            BoxServer.Settings.of("broker", config.listener(), health, metrics), routes::install);
    Thread sweeping = Thread.ofVirtual().name("lease-sweeper").start(() -> keepSweeping(sweeper));
    return new BrokerBox(server, sweeper, sweeping, opened);
  }

  // A database that was written over the wire.
  private static DefinedEngines.Opened open(
      String name,
      DatabaseSettings settings,
      UnaryOperator<Engine> around,
      FaultPoint.Hook faults,
      List<PgTargetDatabase> opened) {
    var target =
        new PgTargetDatabase(new BrokerConfig.Target(name, settings), TARGET_CONNECTIONS, faults);
    opened.add(target);
    return new DefinedEngines.Opened(
        around.apply(target),
        () ->
            Thread.ofVirtual()
                .name("engine-retires")
                .start(() -> {
                  try {
                    Thread.sleep(RETIRE_AFTER);
                  } catch (InterruptedException now) {
                    Thread.currentThread().interrupt();
                  }
                  target.close();
                }),
        target::close);
  }

  private static void verify(String name, DatabaseSettings settings, FaultPoint.Hook faults) {
    try {
      Database.connect(settings).close();
    } catch (SQLException failed) {
      if (String.valueOf(failed.getSQLState()).startsWith(INVALID_AUTHORIZATION)) {
        throw new IllegalArgumentException(
            "`username` and `password`: the database refuses this login", failed);
      }
      throw Database.unchecked(failed);
    }
    var configured = new BrokerConfig.Target(name, settings);
    try (var target = new PgTargetDatabase(configured, 1, faults)) {
      target.ensureSafe(Set.of());
    }
  }

  private static void check(PgTargetDatabase target, String name, BrokerConfig config) {
    Set<SqlName> groups =
        config.roles().stream()
            .filter(role -> role.database().equals(name))
            .flatMap(role -> role.mappings().stream())
            .flatMap(mapping -> mapping.groups().stream())
            .collect(Collectors.toSet());
    try {
      target.ensureSafe(groups);
    } catch (DatabaseAway away) {
      LOG.warn("database {} is away; it is checked before the first mint", name);
    }
  }

  private static void keepSweeping(LeaseSweeper sweeper) {
    try {
      while (true) {
        Thread.sleep(SWEEP_EVERY);
        sweep(sweeper);
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private static void sweep(LeaseSweeper sweeper) {
    try {
      LeaseSweeper.Sweep sweep = sweeper.sweep();
      if (sweep.ended() > 0) {
        LOG.info("sweeper ended {} leases", sweep.ended());
      }
      for (RuntimeException failure : sweep.failures()) {
        LOG.warn("sweeper could not finish and tries again: {}", failure.getMessage());
      }
    } catch (RuntimeException away) {
      LOG.warn("sweeper could not start and tries again: {}", away.getMessage());
    }
  }

  /// The address it listens at.
  public URI baseUri() {
    return server.baseUri();
  }

  /// What ends what nobody else ended; also counts orphans.
  public LeaseSweeper sweeper() {
    return sweeper;
  }

  /// Stops listening, then sweeping. Leases live on in the journal and end by the next start.
  @Override
  public void close() {
    server.close();
    sweeping.interrupt();
    try {
      sweeping.join(Duration.ofSeconds(5));
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    targets.forEach(PgTargetDatabase::close);
  }
}
