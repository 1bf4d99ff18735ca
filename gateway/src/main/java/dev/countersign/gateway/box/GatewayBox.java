package dev.countersign.gateway.box;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.BoxServer;
import dev.countersign.box.Database;
import dev.countersign.box.Health;
import dev.countersign.box.Metrics;
import dev.countersign.gateway.Anchor;
import dev.countersign.gateway.Authorizer;
import dev.countersign.gateway.Bearers;
import dev.countersign.gateway.BlockedCalls;
import dev.countersign.gateway.CredentialBroker;
import dev.countersign.gateway.EitherTokens;
import dev.countersign.gateway.ExchangedTokens;
import dev.countersign.gateway.GatewayConfig;
import dev.countersign.gateway.GuardedCall;
import dev.countersign.gateway.OboBearers;
import dev.countersign.gateway.OboCheck;
import dev.countersign.gateway.Possession;
import dev.countersign.gateway.PresentedTokens;
import dev.countersign.gateway.Refusals;
import dev.countersign.gateway.RunningCalls;
import dev.countersign.gateway.SessionGuard;
import dev.countersign.gateway.StatementCall;
import dev.countersign.gateway.http.BrokerWire;
import dev.countersign.gateway.http.Door;
import dev.countersign.gateway.http.EventSender;
import dev.countersign.gateway.http.Listening;
import dev.countersign.gateway.http.McpRoutes;
import dev.countersign.gateway.http.RestRoutes;
import dev.countersign.gateway.http.StsSessions;
import dev.countersign.gateway.http.StsWire;
import dev.countersign.gateway.http.VaultWire;
import dev.countersign.gateway.mcp.CallMeter;
import dev.countersign.gateway.mcp.McpServer;
import dev.countersign.gateway.mcp.RequestStates;
import dev.countersign.gateway.mcp.RestTwin;
import dev.countersign.gateway.postgres.PgBlockedCalls;
import dev.countersign.gateway.postgres.PgCancelNews;
import dev.countersign.gateway.postgres.PgClientSessions;
import dev.countersign.gateway.postgres.PgRepeatedCalls;
import dev.countersign.gateway.postgres.PgStatements;
import dev.countersign.gateway.postgres.PgUsedProofs;
import dev.countersign.gateway.tools.Tools;
import dev.countersign.gateway.upstream.ForwardedCall;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.OwnEntries;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.http.RemoteKeySet;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The running gateway. It holds its workload key and the login of its own state, and nothing else:
/// no login of a tool's database, no key of another box.
public final class GatewayBox implements AutoCloseable {
  /// The folder of its migrations on the class path.
  public static final String MIGRATIONS = "dev/countersign/gateway/migrations";

  private static final Duration BETWEEN_QUESTIONS = Duration.ofSeconds(1);
  private static final Logger LOG = LoggerFactory.getLogger(GatewayBox.class);

  private final BoxServer server;
  private final PgCancelNews news;
  private final ServersBehind behind;
  private final Optional<EventSender> sender;

  private GatewayBox(
      BoxServer server, PgCancelNews news, ServersBehind behind, Optional<EventSender> sender) {
    this.server = server;
    this.news = news;
    this.behind = behind;
    this.sender = sender;
  }

  /// Starts it.
  ///
  /// @param database its own state: the outcomes of calls that may be repeated
  /// @param own what it wrote itself, for the person whom that is about
  /// @param key the private key of its workload: STS client and presenter at the broker
  /// @throws IllegalArgumentException if a tool names a database that the configuration lacks
  public static GatewayBox start(
      GatewayConfig config,
      Tools tools,
      Database database,
      Ledger ledger,
      OwnEntries own,
      ECKey key,
      InstantSource clock) {
    var missing = new TreeSet<>(tools.databases());
    missing.removeAll(config.databases().keySet());
    if (!missing.isEmpty()) {
      throw new IllegalArgumentException("tools name unknown databases: " + missing);
    }
    if (config.mode() != GatewayConfig.Mode.TE && tools.needsExchange()) {
      throw new IllegalArgumentException(
          "servers behind the gateway need gateway.mode te, or a credential of kind login");
    }
    if (config.mode() != GatewayConfig.Mode.TE && tools.hasProbe()) {
      throw new IllegalArgumentException("tools with `elevation` need gateway.mode te");
    }
    var health = new Health();
    health.check("database", database::isUp);
    var client = new WireClient();
    var metrics = new Metrics();
    var hops = new Hops(metrics);
    var assertions = new PresenterAssertion.Maker(config.workload(), key, clock);
    var refusals = new Refusals(ledger);
    var stsKeys =
        new RemoteKeySet(URI.create(config.upstreams().sts() + "/oauth2/jwks"), client, clock);
    var bearers =
        new Bearers(
            config.anchors(),
            anchor -> keys(anchor, clock),
            config.mode() == GatewayConfig.Mode.TE
                ? Optional.empty()
                : Optional.of(new OboBearers(config, stsKeys, clock)),
            clock);
    var sts = new StsWire(config, client, assertions);
    var exchanging = new ExchangedTokens(hops.timed(sts), new OboCheck(config, stsKeys, clock));
    Authorizer authorizer =
        switch (config.mode()) {
          case TE -> exchanging;
          case VALIDATE -> new PresentedTokens();
          case BOTH -> new EitherTokens(exchanging, new PresentedTokens());
        };
    CredentialBroker broker =
        hops.timed(
            config
                .upstreams()
                .vault()
                .<CredentialBroker>map(vault -> new VaultWire(vault, client))
                .orElseGet(() ->
                    new BrokerWire(config.upstreams().broker().orElseThrow(), client, assertions)));
    var behind = ServersBehind.open(tools, client, database, ledger, version(), clock);
    Optional<EventSender> sender =
        config.emitter().map(emitter -> new EventSender(emitter, client, assertions, clock));
    BlockedCalls counted =
        sender.map(one -> emitting(config, database, one, clock)).orElse(BlockedCalls.NOT_COUNTED);
    var calls =
        new GuardedCall(
            authorizer,
            new StatementCall(
                broker,
                Hops.traced(new PgStatements(config.databases(), hops::took)),
                new SessionGuard(sts, BETWEEN_QUESTIONS, clock)),
            new ForwardedCall(behind.catalog(), broker),
            new PgRepeatedCalls(database, clock),
            counted,
            ledger);
    var running = new RunningCalls(config.border().callsPerPerson());
    var news = new PgCancelNews(database, running);
    var sessions = new StsSessions(config, client, assertions, clock);
    CallMeter meter =
        (tool, outcome) ->
            metrics.counter("gateway.calls", "tool", tool, "outcome", outcome).increment();
    var rest =
        new RestTwin(
            behind.catalog(),
            calls,
            refusals,
            new Secret(key.getD().toString()),
            meter,
            running,
            sessions,
            own,
            clock);
    var possession =
        new Possession(
            config.base(),
            new Secret(key.getD().toString()),
            new PgUsedProofs(database, clock),
            clock);
    var door = new Door(config, bearers, possession, refusals);
    var mcp =
        new McpServer(
            behind.catalog(),
            calls,
            refusals,
            new RequestStates(key.getD().decode(), clock),
            version(),
            meter,
            running,
            news,
            sessions,
            new PgClientSessions(database, clock));
    var settings =
        new BoxServer.Settings(
            "gateway", config.listener(), health, metrics, config.border().maxBodyBytes());
    try {
      return new GatewayBox(
          BoxServer.start(
              settings,
              new McpRoutes(
                      config,
                      tools,
                      door,
                      mcp,
                      sessions,
                      new Listening(behind.catalog(), sessions, refusals))
                  .andThen(new RestRoutes(door, rest, sessions))),
          news,
          behind,
          sender);
    } catch (RuntimeException failed) {
      sender.ifPresent(EventSender::close);
      news.close();
      behind.close();
      throw failed;
    }
  }

  private static BlockedCalls emitting(
      GatewayConfig config, Database database, EventSender sender, InstantSource clock) {
    var calls =
        new PgBlockedCalls(
            database,
            config.emitter().orElseThrow(),
            config.upstreams().sts(),
            clock,
            sender::wake);
    sender.start(calls);
    return calls;
  }

  private static KeySource keys(Anchor anchor, InstantSource clock) {
    return anchor
        .keys()
        .source(
            anchor.issuer(),
            reason ->
                LOG.warn("the keys of trust anchor {} were not fetched: {}", anchor.name(), reason),
            clock);
  }

  private static String version() {
    return Optional.ofNullable(GatewayBox.class.getPackage().getImplementationVersion())
        .orElse("development");
  }

  /// Where it listens.
  public URI baseUri() {
    return server.baseUri();
  }

  @Override
  public void close() {
    server.close();
    sender.ifPresent(EventSender::close);
    news.close();
    behind.close();
  }
}
