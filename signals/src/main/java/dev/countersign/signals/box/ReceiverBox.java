package dev.countersign.signals.box;

import com.nimbusds.jose.jwk.JWK;
import dev.countersign.box.BoxServer;
import dev.countersign.box.Database;
import dev.countersign.box.Health;
import dev.countersign.box.Metrics;
import dev.countersign.ledger.Ledger;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.act.Bell;
import dev.countersign.signals.act.FeedLoop;
import dev.countersign.signals.act.HandlerLoop;
import dev.countersign.signals.act.Intake;
import dev.countersign.signals.act.ReceiverConfig;
import dev.countersign.signals.act.ReceiverConfig.IdentityProvider;
import dev.countersign.signals.act.SessionHandler;
import dev.countersign.signals.act.SetVerifier;
import dev.countersign.signals.act.StepRunner;
import dev.countersign.signals.act.http.BrokerLeases;
import dev.countersign.signals.act.http.EntraSignIns;
import dev.countersign.signals.act.http.OktaSessions;
import dev.countersign.signals.act.http.PollFeed;
import dev.countersign.signals.act.http.StsSessions;
import dev.countersign.signals.act.http.TransmitterKeySet;
import dev.countersign.signals.act.http.TransmitterMetadata;
import dev.countersign.signals.act.postgres.PgInbox;
import dev.countersign.signals.act.postgres.PgSteps;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/// A running receiver.
public final class ReceiverBox implements AutoCloseable {
  /// The folder of its migrations on the class path.
  public static final String MIGRATIONS = "dev/countersign/signals/act/migrations";

  private static final String NAME = "receiver";
  private static final Duration GRACE = Duration.ofSeconds(2);

  private final BoxServer server;
  private final Bell work;
  private final Bell closing;
  private final List<HandlerLoop> loops;
  private final List<Thread> threads;
  private final Thread feeding;

  private ReceiverBox(
      BoxServer server,
      Bell work,
      Bell closing,
      List<HandlerLoop> loops,
      List<Thread> threads,
      Thread feeding) {
    this.server = server;
    this.work = work;
    this.closing = closing;
    this.loops = loops;
    this.threads = threads;
    this.feeding = feeding;
  }

  /// Starts a receiver. It does not wait for the transmitter: until that answers, the receiver is
  /// alive but not ready.
  ///
  /// @param ownKey the private key with which it proves that it is [ReceiverConfig#workload]
  public static ReceiverBox start(
      ReceiverConfig config, Database database, Ledger ledger, JWK ownKey, InstantSource clock) {
    var health = new Health();
    var metrics = new Metrics();
    var counted = new CountedLedger(ledger, metrics);
    var client = new WireClient();
    var self = new PresenterAssertion.Maker(config.workload(), ownKey, clock);
    var work = new Bell();
    var closing = new Bell();
    List<SessionHandler> handlers = handlers(config, self, client, clock);
    var steps = new PgSteps(database);
    var runner =
        new StepRunner(
            steps, config.retry(), counted, clock, () -> ThreadLocalRandom.current().nextDouble());
    var transmitter = new TransmitterMetadata(config.transmitter(), client);
    var verifier =
        new SetVerifier(
            config.transmitter().toString(),
            config.audience(),
            new TransmitterKeySet(transmitter, client, clock),
            clock);
    var intake =
        new Intake(verifier, config, handlers, new PgInbox(database), work, counted, clock);
    var feed =
        new FeedLoop(
            new PollFeed(transmitter, config.audience(), self, client), intake, runner, closing);
    health.check("database", database::isUp);
    health.check("transmitter", feed::isConnected);
    var server =
        BoxServer.start(BoxServer.Settings.of(NAME, config.listener(), health, metrics), _ -> {});
    var loops = new ArrayList<HandlerLoop>();
    var threads = new ArrayList<Thread>();
    for (SessionHandler handler : handlers) {
      var loop = new HandlerLoop(handler, steps, runner, work, clock);
      loops.add(loop);
      threads.add(Thread.ofVirtual().name("handler-" + handler.name()).start(loop));
    }
    Thread feeding = Thread.ofVirtual().name("feed").start(feed);
    return new ReceiverBox(server, work, closing, loops, threads, feeding);
  }

  private static List<SessionHandler> handlers(
      ReceiverConfig config,
      PresenterAssertion.Maker self,
      WireClient client,
      InstantSource clock) {
    var handlers = new ArrayList<SessionHandler>();
    handlers.add(new StsSessions(config.sts(), self, client, clock));
    handlers.add(new BrokerLeases(config.broker(), self, client, clock));
    for (IdentityProvider provider : config.providers()) {
      handlers.add(
          switch (provider) {
            case IdentityProvider.Entra entra -> new EntraSignIns(entra, client, clock);
            case IdentityProvider.Okta okta -> new OktaSessions(okta, client, clock);
          });
    }
    return List.copyOf(handlers);
  }

  public URI baseUri() {
    return server.baseUri();
  }

  /// Stops taking tokens, lets running steps finish for a moment, then stops.
  @Override
  public void close() {
    closing.close();
    work.close();
    try {
      feeding.interrupt(); // it may be waiting for the transmitter
      feeding.join(GRACE);
      for (Thread thread : threads) {
        thread.join(GRACE);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    loops.forEach(HandlerLoop::close);
    server.close();
  }
}
