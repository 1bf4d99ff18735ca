package dev.countersign.server;

import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.Listener;
import dev.countersign.box.Migrations;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.box.postgres.StateDatabase;
import dev.countersign.broker.box.BrokerBox;
import dev.countersign.console.box.ConsoleBox;
import dev.countersign.gateway.box.GatewayBox;
import dev.countersign.idp.box.EntraShapedIdp;
import dev.countersign.idp.box.OktaShapedIdp;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerReader;
import dev.countersign.ledger.postgres.Checkpoints;
import dev.countersign.ledger.postgres.LedgerSchema;
import dev.countersign.ledger.postgres.PgLedger;
import dev.countersign.ledger.postgres.PgLedgerReader;
import dev.countersign.ledger.postgres.PgOwnEntries;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerificationKeys;
import dev.countersign.server.config.DevelopmentSection.Development;
import dev.countersign.server.config.Installation;
import dev.countersign.server.config.Keys;
import dev.countersign.server.demo.Mailbox;
import dev.countersign.server.rehearsal.RehearsalModel;
import dev.countersign.server.telemetry.NotedLedger;
import dev.countersign.server.telemetry.OtlpSpans;
import dev.countersign.signals.box.ReceiverBox;
import dev.countersign.signals.box.TransmitterBox;
import dev.countersign.signals.transmit.TransmitterConfig;
import dev.countersign.sts.Anchor;
import dev.countersign.sts.AttributeStore;
import dev.countersign.sts.box.PolicyFiles;
import dev.countersign.sts.box.StsBox;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/// All boxes of one installation, running. Read [#open] from top to bottom to know what runs, on
/// which database user, and what each box is handed; nothing else builds a box.
public final class House implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(House.class);
  private static final int CONNECTIONS = 12;
  private static final Map<String, String> MIGRATIONS =
      Map.of(
          "sts", StsBox.MIGRATIONS,
          "broker", BrokerBox.MIGRATIONS,
          "gateway", GatewayBox.MIGRATIONS,
          "transmitter", TransmitterBox.MIGRATIONS,
          "receiver", ReceiverBox.MIGRATIONS);

  private final Deque<AutoCloseable> running = new ArrayDeque<>();
  private @Nullable LedgerReader ledgerReader;
  private @Nullable Mailbox mailbox;
  private @Nullable Installation installation;
  private @Nullable AttributeStore attributes;
  private @Nullable BrokerBox broker;
  private @Nullable ConsoleBox console;
  private @Nullable DatabaseSettings superuser;

  private final UnaryOperator<Ledger> seen;
  private ObjectNode replica = StrictJson.object();

  private House(UnaryOperator<Ledger> seen) {
    this.seen = seen;
  }

  /// Starts everything that a configuration names.
  ///
  /// @param progress told in a few words what is being done
  /// @throws dev.countersign.config.ConfigException if the configuration has problems
  public static House open(
      Path file, Map<String, String> variables, InstantSource clock, Consumer<String> progress) {
    return open(file, variables, clock, progress, UnaryOperator.identity());
  }

  /// The same for a measurement of what the ledger costs.
  ///
  /// @param seen what the boxes see of their ledgers
  public static House open(
      Path file,
      Map<String, String> variables,
      InstantSource clock,
      Consumer<String> progress,
      UnaryOperator<Ledger> seen) {
    return opened(new House(seen), file, variables, clock, progress, false);
  }

  /// Starts everything that a configuration names.
  ///
  /// @param resetExamples whether embedded business databases are made anew, for a demonstration
  ///   that starts from the same cases each time
  static House open(
      Path file,
      Map<String, String> variables,
      InstantSource clock,
      Consumer<String> progress,
      boolean resetExamples) {
    var house = new House(UnaryOperator.identity());
    return opened(house, file, variables, clock, progress, resetExamples);
  }

  private static House opened(
      House house,
      Path file,
      Map<String, String> variables,
      InstantSource clock,
      Consumer<String> progress,
      boolean resetExamples) {
    try {
      house.start(file, variables, clock, progress, resetExamples);
      return house;
    } catch (RuntimeException failed) {
      house.close();
      throw failed;
    }
  }

  /// The refunds example on free ports over a folder of its own.
  public static House rehearsal(Path data, InstantSource clock) {
    return rehearsal(data, clock, Map.of());
  }

  /// The same with other values for some of the example's variables.
  public static House rehearsal(Path data, InstantSource clock, Map<String, String> changes) {
    return rehearsal(ConfigOption.example(), data, clock, changes);
  }

  /// A changed copy of the example.
  public static House rehearsal(
      Path config, Path data, InstantSource clock, Map<String, String> changes) {
    var variables = new HashMap<String, String>(Ports.anyFree());
    variables.putAll(changes);
    variables.put(ConfigOption.DATA, data.toString());
    return open(config, variables, clock, _ -> {});
  }

  /// Copies the refunds example into a folder; returns the copy's configuration, to be changed.
  public static Path copyOfTheExample(Path folder) throws IOException {
    Path example = Objects.requireNonNull(ConfigOption.example().getParent());
    try (Stream<Path> files = Files.walk(example)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path relative = example.relativize(file);
        if (!relative.startsWith(".countersign")) { // data of an installation that ran there
          Path target = folder.resolve(relative.toString());
          Files.createDirectories(target.getParent());
          Files.copy(file, target);
        }
      }
    }
    return folder.resolve("countersign.yaml");
  }

  private void start(
      Path file,
      Map<String, String> variables,
      InstantSource clock,
      Consumer<String> progress,
      boolean resetExamples) {
    Installation checked = Installation.read(file, variables);
    DatabaseSettings owner =
        checked.postgres().orElseGet(() -> startPostgres(checked.data(), progress));
    StateDatabase state =
        StateDatabase.provision(owner, checked.data().resolve("secrets"), Installation.BOXES);
    migrate(state, progress);
    var targets = new Targets(owner, checked.data().resolve("secrets"));
    progress.accept("business databases");
    checked.embeddedDatabases().forEach(database -> targets.prepare(database, resetExamples));
    Installation ready = checked.located(file, variables, targets::mintLogin);
    installation = ready;
    Keys keys = ready.keys();
    ready.telemetry().ifPresent(settings -> keep(OtlpSpans.start(settings, Countersign.VERSION)));

    replica = replica(file, ready);
    progress.accept("boxes");
    startStandIns(ready, clock);
    startBoxes(ready, state, keys, clock);
    ready.development().attributes().ifPresent(csv -> importAttributes(csv, ready, clock));
  }

  /// What each chain of the ledger begins with: who writes, which version, which configuration.
  private static ObjectNode replica(Path file, Installation ready) {
    try {
      return StrictJson.object()
          .put("replica", hostName() + ":" + ProcessHandle.current().pid())
          .put("version", Countersign.VERSION)
          .put("configuration", Digest.sha256(Files.readAllBytes(file)))
          .put("policy_version", ready.policy().version());
    } catch (IOException unreadable) {
      throw new UncheckedIOException(file + " cannot be read", unreadable);
    }
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException nameless) {
      return "nameless";
    }
  }

  private void importAttributes(Path csv, Installation ready, InstantSource clock) {
    AttributesCommand.run(
        Objects.requireNonNull(attributes),
        csv,
        ready.sts().anchors().stream().map(Anchor::name).collect(Collectors.toSet()),
        "import",
        clock);
  }

  private DatabaseSettings startPostgres(Path data, Consumer<String> progress) {
    DatabaseSettings started = keep(EmbeddedPostgres.start(data, progress)).superuser();
    superuser = started;
    return started;
  }

  private static void migrate(StateDatabase state, Consumer<String> progress) {
    progress.accept("migrations");
    var jobs = new ArrayList<Runnable>();
    MIGRATIONS.forEach((box, location) ->
        jobs.add(() -> Migrations.run(state.owner(), box, StateDatabase.user(box), location)));
    jobs.add(() -> migrateLedger(state));
    inParallel(jobs);
  }

  private static void migrateLedger(StateDatabase state) {
    Migrations.run(
        state.owner(), LedgerSchema.NAME, state.auditor().user(), LedgerSchema.MIGRATIONS);
    try (Database owner = Database.open("ledger-owner", state.owner(), 1)) {
      owner.query(connection -> {
        LedgerSchema.allowAppending(
            connection, Installation.BOXES.stream().map(StateDatabase::user).toList());
        return true;
      });
    }
  }

  private void startStandIns(Installation ready, InstantSource clock) {
    Development development = ready.development();
    var jobs = new ArrayList<Runnable>();
    development.entra().ifPresent(c -> jobs.add(() -> keep(EntraShapedIdp.start(c, clock))));
    development.okta().ifPresent(c -> jobs.add(() -> keep(OktaShapedIdp.start(c, clock))));
    development.mail().ifPresent(c -> jobs.add(() -> mailbox = keep(Mailbox.start(c))));
    development
        .modelPort()
        .ifPresent(port ->
            jobs.add(() -> keep(RehearsalModel.start(Listener.loopback(port), false, _ -> {}))));
    inParallel(jobs);
  }

  private void startBoxes(Installation ready, StateDatabase state, Keys keys, InstantSource clock) {
    DataSource auditor = keep(Database.open("auditor", state.auditor(), 2)).dataSource();
    ECKey ledgerKey = keys.own("ledger");
    var ledgerKeys = VerificationKeys.of(List.of(ledgerKey));
    LedgerReader reader = new PgLedgerReader(auditor, ledgerKeys);
    keep(
        new CheckpointLoop(
            auditor,
            new Checkpoints(auditor, new JwtSigner(ledgerKey), ledgerKeys, clock),
            ready.ledger()));
    ledgerReader = reader;
    inParallel(
        List.of(
            () -> {
              Database database = database(state, "sts");
              attributes = StsBox.attributes(database);
              keep(
                  StsBox.start(
                      ready.sts(),
                      ready.decisions(),
                      ready.policy(),
                      PolicyFiles.of(ready.policyFiles().getFirst(), ready.policyFiles().getLast()),
                      database,
                      ledger("sts", database, clock),
                      keys.own("sts"),
                      clock));
            },
            () ->
                ready
                    .broker()
                    .ifPresent(config -> {
                      Database database = database(state, "broker");
                      broker =
                          keep(
                              BrokerBox.start(
                                  config, database, ledger("broker", database, clock), clock));
                    }),
            () -> {
              Database database = database(state, "gateway");
              keep(
                  GatewayBox.start(
                      ready.gateway(),
                      ready.tools(),
                      database,
                      ledger("gateway", database, clock),
                      new PgOwnEntries(database.dataSource()),
                      keys.own("gateway"),
                      clock));
            },
            () -> {
              Database database = database(state, "transmitter");
              keep(
                  TransmitterBox.start(
                      ready.transmitter(),
                      database,
                      ledger("transmitter", database, clock),
                      transmitterKeys(ready.transmitter(), keys),
                      clock));
            },
            () -> {
              Database database = database(state, "receiver");
              keep(
                  ReceiverBox.start(
                      ready.receiver(),
                      database,
                      ledger("receiver", database, clock),
                      keys.own("receiver"),
                      clock));
            },
            () ->
                ready
                    .console()
                    .ifPresent(config -> console = keep(ConsoleBox.start(config, reader, clock)))));
  }

  private static List<JWK> transmitterKeys(TransmitterConfig config, Keys keys) {
    var signing = new ArrayList<JWK>();
    signing.add(keys.own("transmitter-signing"));
    if (config.receivers().stream().anyMatch(one -> one.algorithm().equals("RS256"))) {
      signing.add(keys.ownRsa("transmitter-signing-rsa"));
    }
    return signing;
  }

  private Database database(StateDatabase state, String box) {
    return keep(Database.open(box, state.box(box), CONNECTIONS));
  }

  private Ledger ledger(String box, Database database, InstantSource clock) {
    Ledger written = keep(new PgLedger(box, database.dataSource(), clock, replica));
    return seen.apply(installation().telemetry().isPresent() ? new NotedLedger(written) : written);
  }

  private <T extends AutoCloseable> T keep(T part) {
    synchronized (running) {
      running.push(part);
    }
    return part;
  }

  private static void inParallel(List<Runnable> jobs) {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var started = new ArrayList<Future<?>>();
      jobs.forEach(job -> started.add(threads.submit(job)));
      for (Future<?> job : started) {
        job.get();
      }
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(
          "a part did not start: " + failed.getCause(), failed.getCause());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while starting", interrupted);
    }
  }

  /// What the configuration said.
  public Installation installation() {
    return Objects.requireNonNull(installation);
  }

  /// Reads the ledger.
  public LedgerReader ledger() {
    return Objects.requireNonNull(ledgerReader);
  }

  /// The mail server for development, if there is one.
  public Optional<Mailbox> mailbox() {
    return Optional.ofNullable(mailbox);
  }

  /// The console, if there is one.
  public Optional<ConsoleBox> console() {
    return Optional.ofNullable(console);
  }

  /// The broker, for counting what is left over; there is none where a Vault of your own takes its
  /// place.
  public Optional<BrokerBox> broker() {
    return Optional.ofNullable(broker);
  }

  /// The superuser of the embedded PostgreSQL.
  public DatabaseSettings embeddedSuperuser() {
    return Objects.requireNonNull(superuser);
  }

  /// Stops the parts of one kind, as an outage of theirs would.
  void stop(Class<? extends AutoCloseable> kind) {
    var stopped = new ArrayList<AutoCloseable>();
    synchronized (running) {
      running.removeIf(part -> kind.isInstance(part) && stopped.add(part));
    }
    for (AutoCloseable part : stopped) {
      try {
        part.close();
      } catch (Exception failed) {
        throw new IllegalStateException(kind.getSimpleName() + " did not stop", failed);
      }
    }
  }

  /// Starts the Entra-shaped provider again.
  void startEntra(InstantSource clock) {
    installation().development().entra().ifPresent(c -> keep(EntraShapedIdp.start(c, clock)));
  }

  /// Stops everything, the last started first; PostgreSQL last of all.
  @Override
  public void close() {
    while (true) {
      AutoCloseable part;
      synchronized (running) {
        part = running.poll();
      }
      if (part == null) {
        return;
      }
      try {
        part.close();
      } catch (Exception failed) {
        LOG.warn("{} did not stop cleanly", part.getClass().getSimpleName(), failed);
      }
    }
  }
}
