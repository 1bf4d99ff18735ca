package dev.countersign.signals.box;

import com.nimbusds.jose.jwk.JWK;
import dev.countersign.box.AddressGuard;
import dev.countersign.box.BoxServer;
import dev.countersign.box.Database;
import dev.countersign.box.GuardedWire;
import dev.countersign.box.Health;
import dev.countersign.box.Metrics;
import dev.countersign.box.Seal;
import dev.countersign.ledger.Ledger;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.signals.transmit.DeadLetters;
import dev.countersign.signals.transmit.Ingest;
import dev.countersign.signals.transmit.Polls;
import dev.countersign.signals.transmit.StreamBell;
import dev.countersign.signals.transmit.StreamSettings;
import dev.countersign.signals.transmit.Streams;
import dev.countersign.signals.transmit.TokenSigner;
import dev.countersign.signals.transmit.TransmitterConfig;
import dev.countersign.signals.transmit.http.PushLoop;
import dev.countersign.signals.transmit.http.Pushes;
import dev.countersign.signals.transmit.http.StreamJson;
import dev.countersign.signals.transmit.http.TransmitterRoutes;
import dev.countersign.signals.transmit.postgres.PgDeadLetters;
import dev.countersign.signals.transmit.postgres.PgDeliveryStore;
import dev.countersign.signals.transmit.postgres.PgEventStore;
import dev.countersign.signals.transmit.postgres.PgPushStore;
import dev.countersign.signals.transmit.postgres.PgReplayGuard;
import dev.countersign.signals.transmit.postgres.PgStreamStore;
import java.net.URI;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;

/// A running transmitter.
public final class TransmitterBox implements AutoCloseable {
  /// The folder of its migrations on the class path.
  public static final String MIGRATIONS = "dev/countersign/signals/transmit/migrations";

  private static final String NAME = "transmitter";
  private static final int SEAL_LENGTH = 48;

  private final BoxServer server;
  private final StreamBell bell;
  private final PushLoop pushing;
  private final Janitor janitor;

  private TransmitterBox(BoxServer server, StreamBell bell, PushLoop pushing, Janitor janitor) {
    this.server = server;
    this.bell = bell;
    this.pushing = pushing;
    this.janitor = janitor;
  }

  /// Starts a transmitter that signs with one key.
  public static TransmitterBox start(
      TransmitterConfig config,
      Database database,
      Ledger ledger,
      JWK signingKey,
      InstantSource clock) {
    return start(config, database, ledger, List.of(signingKey), clock);
  }

  /// Starts a transmitter.
  ///
  /// @param signingKeys the first EC and the first RSA key sign; all are published
  public static TransmitterBox start(
      TransmitterConfig config,
      Database database,
      Ledger ledger,
      List<JWK> signingKeys,
      InstantSource clock) {
    var health = new Health();
    health.check("database", database::isUp);
    var metrics = new Metrics();
    var counted = new CountedLedger(ledger, metrics);
    var bell = new StreamBell();
    var signer = new TokenSigner(config, signingKeys);
    var guard = new AddressGuard(config.push().internalHosts());
    var json = new StreamJson(config);
    var store = new PgStreamStore(database, new Seal(sealKey(config)));
    store.sealPlainHeaders();
    var deliveries = new PgDeliveryStore(database);
    var pushes =
        new Pushes(
            new PgPushStore(database),
            deliveries,
            signer,
            new GuardedWire(guard, config.push().authorities()),
            config.push().giveUpAfter(),
            counted,
            clock);
    var presenters =
        new PresenterAssertion.Checker(
            Set.of(config.issuer().toString()),
            config.workloads(),
            new PgReplayGuard(database, clock),
            clock);
    var routes =
        new TransmitterRoutes(
            config,
            new Ingest(config, new PgEventStore(database), bell, counted, clock),
            new Streams(store, new StreamSettings(guard::allows, json::of), bell, clock),
            new Polls(deliveries, bell, signer, config.longestPoll(), counted, clock),
            json,
            signer,
            presenters,
            counted,
            clock);
    var server =
        BoxServer.start(
            BoxServer.Settings.of(NAME, config.listener(), health, metrics), routes::install);
    var pushing = new PushLoop(store, pushes, bell);
    Thread.ofVirtual().name("push").start(pushing);
    var letters = new PgDeadLetters(database);
    for (TransmitterConfig.Receiver receiver : config.receivers()) {
      metrics.gauge(
          "countersign.stream.waiting",
          () ->
              letters.waiting().stream()
                  .filter(stream -> stream.receiver().equals(receiver.workload()))
                  .mapToInt(DeadLetters.Overflow::events)
                  .sum(),
          "receiver",
          receiver.workload());
    }
    return new TransmitterBox(
        server, bell, pushing, new Janitor(letters, config.keeping(), counted, clock));
  }

  /// Without a configured key, secrets of receivers open until the next start only.
  private static Secret sealKey(TransmitterConfig config) {
    Secret configured = config.keeping().sealKey();
    return configured.reveal().isEmpty() ? new Secret(Ids.base62(SEAL_LENGTH)) : configured;
  }

  /// The dead events of a migrated schema, for commands.
  public static DeadLetters deadLetters(Database database) {
    return new PgDeadLetters(database);
  }

  public URI baseUri() {
    return server.baseUri();
  }

  /// Ends waiting polls and pushes at once, then stops.
  @Override
  public void close() {
    bell.close();
    pushing.close();
    janitor.close();
    server.close();
  }
}
