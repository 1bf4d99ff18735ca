package dev.countersign.signals.box;

import com.nimbusds.jose.jwk.JWK;
import dev.countersign.box.AddressGuard;
import dev.countersign.box.BoxServer;
import dev.countersign.box.Database;
import dev.countersign.box.GuardedWire;
import dev.countersign.box.Health;
import dev.countersign.box.Metrics;
import dev.countersign.ledger.Ledger;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.http.Wire;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.act.Bell;
import dev.countersign.signals.act.EventEffects;
import dev.countersign.signals.act.FeedLoop;
import dev.countersign.signals.act.HandlerLoop;
import dev.countersign.signals.act.Inbound;
import dev.countersign.signals.act.Intake;
import dev.countersign.signals.act.Obeyed;
import dev.countersign.signals.act.ReceiverConfig;
import dev.countersign.signals.act.ReceiverConfig.IdentityProvider;
import dev.countersign.signals.act.SessionHandler;
import dev.countersign.signals.act.SetVerifier;
import dev.countersign.signals.act.StepRunner;
import dev.countersign.signals.act.Steps;
import dev.countersign.signals.act.http.BrokerLeases;
import dev.countersign.signals.act.http.EntraSignIns;
import dev.countersign.signals.act.http.KeycloakSessions;
import dev.countersign.signals.act.http.OktaSessions;
import dev.countersign.signals.act.http.PollFeed;
import dev.countersign.signals.act.http.PushDoor;
import dev.countersign.signals.act.http.StreamAccess;
import dev.countersign.signals.act.http.StsSessions;
import dev.countersign.signals.act.http.TransmitterKeySet;
import dev.countersign.signals.act.http.TransmitterMetadata;
import dev.countersign.signals.act.http.VerifySessions;
import dev.countersign.signals.act.http.Webhook;
import dev.countersign.signals.act.postgres.PgInbox;
import dev.countersign.signals.act.postgres.PgSteps;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
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
  private final List<Thread> feeds;

  private ReceiverBox(
      BoxServer server,
      Bell work,
      Bell closing,
      List<HandlerLoop> loops,
      List<Thread> threads,
      List<Thread> feeds) {
    this.server = server;
    this.work = work;
    this.closing = closing;
    this.loops = loops;
    this.threads = threads;
    this.feeds = feeds;
  }

  /// Starts a receiver. It does not wait for the transmitter: until that answers, the receiver is
  /// alive but not ready. Transmitters of others do not make it unready.
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
    List<SessionHandler> handlers = handlers(config, ownKey, client, clock);
    var steps = new PgSteps(database);
    var inbox = new PgInbox(database);
    var runner =
        new StepRunner(
            steps, config.retry(), counted, clock, () -> ThreadLocalRandom.current().nextDouble());
    var transmitter = new TransmitterMetadata(config.transmitter(), Set.of(), client);
    var verifier =
        new SetVerifier(
            config.transmitter().toString(),
            config.audience(),
            new TransmitterKeySet(transmitter, client, clock),
            clock);
    var intake =
        new Intake(verifier, Obeyed.own(config, handlers), config, inbox, work, counted, clock);
    var feed =
        new FeedLoop(
            new PollFeed(
                transmitter,
                config.audience(),
                StreamAccess.workload(self),
                true,
                EventEffects.USUAL.sendable(),
                client),
            intake,
            runner,
            closing);
    health.check("database", database::isUp);
    health.check("transmitter", feed::isConnected);

    var feeds = new ArrayList<Thread>();
    feeds.add(Thread.ofVirtual().name("feed").unstarted(feed));
    var pushers = new TreeMap<String, PushDoor.Pusher>();
    List<SessionHandler> house =
        handlers.stream()
            .filter(handler ->
                handler instanceof StsSessions
                    || handler instanceof BrokerLeases
                    || handler instanceof Webhook)
            .toList();
    for (Inbound inbound : config.inbound()) {
      Wire wire =
          new GuardedWire(
              new AddressGuard(inbound.hosts().internal()), inbound.hosts().authorities());
      var metadata = new TransmitterMetadata(inbound.issuer(), inbound.hosts().further(), wire);
      var others =
          new Intake(
              new SetVerifier(
                  inbound.issuer().toString(),
                  inbound.audience(),
                  new TransmitterKeySet(metadata, wire, clock),
                  clock),
              Obeyed.other(inbound, house),
              config,
              inbox,
              work,
              counted,
              clock);
      switch (inbound.delivery()) {
        case Inbound.Delivery.Push(Secret authorization) ->
            pushers.put(inbound.name(), new PushDoor.Pusher(authorization, others));
        case Inbound.Delivery.Poll(Inbound.Access access) -> {
          var loop =
              new FeedLoop(
                  new PollFeed(
                      metadata,
                      inbound.audience(),
                      StreamAccess.of(access, wire, clock),
                      false,
                      inbound.effects().sendable(),
                      wire),
                  others,
                  runner,
                  closing);
          metrics.gauge(
              "countersign.inbound.connected",
              () -> loop.isConnected() ? 1 : 0,
              "transmitter",
              inbound.name());
          feeds.add(Thread.ofVirtual().name("feed-" + inbound.name()).unstarted(loop));
        }
      }
    }
    var server =
        BoxServer.start(
            BoxServer.Settings.of(NAME, config.listener(), health, metrics),
            new PushDoor(pushers)::install);
    var loops = new ArrayList<HandlerLoop>();
    var threads = new ArrayList<Thread>();
    for (SessionHandler handler : handlers) {
      var loop = new HandlerLoop(handler, steps, runner, work, clock);
      loops.add(loop);
      threads.add(Thread.ofVirtual().name("handler-" + handler.name()).start(loop));
    }
    feeds.forEach(Thread::start);
    return new ReceiverBox(server, work, closing, loops, threads, feeds);
  }

  /// Everything that a receiver can end sessions with.
  public static List<SessionHandler> handlers(
      ReceiverConfig config, JWK ownKey, WireClient client, InstantSource clock) {
    var self = new PresenterAssertion.Maker(config.workload(), ownKey, clock);
    var handlers = new ArrayList<SessionHandler>();
    handlers.add(new StsSessions(config.sts(), self, client, clock));
    config
        .broker()
        .ifPresent(broker -> handlers.add(new BrokerLeases(broker, self, client, clock)));
    for (IdentityProvider provider : config.providers()) {
      handlers.add(
          switch (provider) {
            case IdentityProvider.Entra entra -> new EntraSignIns(entra, client, clock);
            case IdentityProvider.Okta okta -> new OktaSessions(okta, client, clock);
            case IdentityProvider.Keycloak keycloak ->
                new KeycloakSessions(keycloak, client, clock);
            case IdentityProvider.Verify verify -> new VerifySessions(verify, client, clock);
          });
    }
    config.hooks().forEach(hook -> handlers.add(new Webhook(hook, client, clock)));
    return List.copyOf(handlers);
  }

  /// The steps of a migrated schema, for commands.
  public static Steps steps(Database database) {
    return new PgSteps(database);
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
      feeds.forEach(Thread::interrupt); // they may be waiting for a transmitter
      for (Thread feed : feeds) {
        feed.join(GRACE);
      }
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
