package dev.countersign.sts.box;

import com.nimbusds.jose.jwk.JWK;
import dev.countersign.box.BoxServer;
import dev.countersign.box.Database;
import dev.countersign.box.Health;
import dev.countersign.box.IssuerKeys;
import dev.countersign.box.Metrics;
import dev.countersign.ledger.Ledger;
import dev.countersign.policy.Factor;
import dev.countersign.policy.Policy;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.DpopNonces;
import dev.countersign.protocol.DpopProofs;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.http.RemoteKeySet;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.sts.AccessEvaluations;
import dev.countersign.sts.Anchor;
import dev.countersign.sts.AttributeAdmin;
import dev.countersign.sts.AttributeDesk;
import dev.countersign.sts.AttributeStore;
import dev.countersign.sts.CurrentPolicy;
import dev.countersign.sts.DecisionSettings;
import dev.countersign.sts.Decisions;
import dev.countersign.sts.OutsideDecisions;
import dev.countersign.sts.Possession;
import dev.countersign.sts.Sessions;
import dev.countersign.sts.StepUpSettings;
import dev.countersign.sts.StsConfig;
import dev.countersign.sts.SubjectTokens;
import dev.countersign.sts.TokenService;
import dev.countersign.sts.TokenStatus;
import dev.countersign.sts.Tokens;
import dev.countersign.sts.clients.Clients;
import dev.countersign.sts.http.AccessApi;
import dev.countersign.sts.http.BrokerClient;
import dev.countersign.sts.http.DecisionPointClient;
import dev.countersign.sts.http.EventSender;
import dev.countersign.sts.http.IntrospectionCalls;
import dev.countersign.sts.http.StsRoutes;
import dev.countersign.sts.keys.KeySettings;
import dev.countersign.sts.keys.MasterKey;
import dev.countersign.sts.keys.SigningKeys;
import dev.countersign.sts.mail.SmtpSender;
import dev.countersign.sts.postgres.PgApprovals;
import dev.countersign.sts.postgres.PgAttributes;
import dev.countersign.sts.postgres.PgClients;
import dev.countersign.sts.postgres.PgEntrance;
import dev.countersign.sts.postgres.PgFacts;
import dev.countersign.sts.postgres.PgGate;
import dev.countersign.sts.postgres.PgGuessLimit;
import dev.countersign.sts.postgres.PgHistory;
import dev.countersign.sts.postgres.PgKeyStore;
import dev.countersign.sts.postgres.PgNotices;
import dev.countersign.sts.postgres.PgOutbox;
import dev.countersign.sts.postgres.PgPolicies;
import dev.countersign.sts.postgres.PgRepeats;
import dev.countersign.sts.postgres.PgReplays;
import dev.countersign.sts.postgres.PgRevokedTokens;
import dev.countersign.sts.postgres.PgSessions;
import dev.countersign.sts.stepup.ApprovalDesk;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The token service, put together and listening.
public final class StsBox implements AutoCloseable {
  /// Where the box's migrations lie on the class path.
  public static final String MIGRATIONS = "dev/countersign/sts/migrations";

  /// The box's name, and the name of its workload.
  public static final String NAME = "sts";

  private static final Logger LOG = LoggerFactory.getLogger(StsBox.class);
  private static final Duration FORGET = Duration.ofMinutes(1);

  /// Longer than any limit of step-up looks back.
  private static final Duration KEEP = Duration.ofHours(2);

  private final BoxServer server;
  private final EventSender sender;
  private final Thread janitor;
  private final List<AutoCloseable> loops;

  private StsBox(BoxServer server, EventSender sender, Thread janitor, List<AutoCloseable> loops) {
    this.server = server;
    this.sender = sender;
    this.janitor = janitor;
    this.loops = List.copyOf(loops);
  }

  /// Builds the box and starts it.
  ///
  /// @param database the box's own schema, migrated
  /// @param workloadKey proves us to the transmitter as workload `sts`
  public static StsBox start(
      StsConfig config,
      Policy policy,
      TypeRegistry types,
      Database database,
      Ledger ledger,
      JWK workloadKey,
      InstantSource clock) {
    return start(
        config,
        DecisionSettings.none(),
        policy,
        PolicyFiles.fixed(policy),
        database,
        ledger,
        workloadKey,
        clock);
  }

  /// Builds the box and starts it.
  ///
  /// @param settings who is told, who else decides, who may ask for decisions
  /// @param policy the policy of `files`
  /// @param files where the policy may change while the box runs
  /// @param database the box's own schema, migrated
  /// @param workloadKey proves us to the transmitter as workload `sts`
  public static StsBox start(
      StsConfig config,
      DecisionSettings settings,
      Policy policy,
      PolicyFiles files,
      Database database,
      Ledger ledger,
      JWK workloadKey,
      InstantSource clock) {
    String issuer = config.issuer().toString();
    var client = new WireClient();
    var metrics = new Metrics();
    var replays = new PgReplays(database);
    var presenter = new PresenterAssertion.Maker(NAME, workloadKey, clock);
    var sender =
        new EventSender(
            new PgOutbox(database),
            client,
            presenter,
            config.transmitter(),
            settings.antenna(),
            config.broker(),
            clock);
    var gate = new PgGate(database, issuer, sender::wake);
    MasterKey master = config.keys().master();
    var keyStore = new PgKeyStore(database, master);
    var keys = new SigningKeys(keyStore, config.keys(), clock);
    var tokens = new Tokens(issuer, keys, clock);
    var entrance = new PgEntrance(database, clock);
    var guesses = new PgGuessLimit(database);
    var revoked = new PgRevokedTokens(database, config.broker().isPresent(), sender::wake);
    var repeats = new PgRepeats(database);
    var possession =
        new Possession(
            new DpopProofs(new DpopNonces(master.derived("dpop nonces"), clock), clock),
            config.issuer());
    var clients =
        Clients.of(
            issuer,
            config.clients(),
            new PgClients(database, clock),
            guesses,
            config.authorities(),
            address -> clientKeys(address, metrics, clock),
            clock);
    var subjectTokens =
        new SubjectTokens(
            config.anchors(),
            anchor -> keys(anchor, metrics, clock),
            anchor ->
                new IntrospectionCalls(
                    Objects.requireNonNull(anchor.introspection()), anchor.keys().wire()),
            clock);
    var smtp = new SmtpSender(config.smtp(), clock);
    var approvals = new PgApprovals(database, gate);
    var stepUp =
        StepUpAssembly.of(
            config,
            approvals,
            database,
            smtp,
            new PgAttributes(database),
            client,
            id -> clients.find(id).filter(known -> known.options().submitsCodes()).isPresent(),
            master::derived,
            ledger,
            clock);
    var current = new CurrentPolicy(policy);
    var policies = new PgPolicies(database);
    var policyLoop =
        new PolicyLoop(
            current,
            policies,
            files,
            changed -> objections(config.stepUp(), settings, changed),
            ledger,
            clock);
    var notices = new PgNotices(database, clock);
    var noticeLoop = new NoticeLoop(notices, settings.told(), smtp, client, clock);
    var histories = new PgHistory(database);
    var giveBackLoop =
        new GiveBackLoop(
            histories,
            new BrokerClient(settings.giveBack(), client, presenter),
            !settings.giveBack().isEmpty(),
            clock);
    var decisions =
        new Decisions(
            current,
            new PgFacts(database),
            histories,
            settings
                .outside()
                .<OutsideDecisions>map(outside -> new DecisionPointClient(outside, client))
                .orElse(OutsideDecisions.NONE),
            notices,
            settings.giveBack().keySet(),
            broken -> LOG.error("the policy could not be evaluated; denied", broken));
    var service =
        new TokenService(
            config,
            clients,
            possession,
            subjectTokens,
            current,
            decisions,
            entrance,
            gate,
            revoked,
            repeats,
            stepUp,
            tokens,
            settings.blocked(),
            ledger,
            clock);
    var sessions =
        new Sessions(
            subjectTokens,
            tokens,
            possession,
            entrance,
            gate,
            revoked,
            new PgSessions(database, config.broker().isPresent(), sender::wake),
            ledger,
            clock);
    var health = new Health();
    health.check("database", database::isUp);
    var routes =
        new StsRoutes(
            config,
            () -> current.get().types().types(),
            keys,
            service,
            new TokenStatus(clients, entrance, tokens, sessions, revoked, ledger, clock),
            possession,
            tokens,
            stepUp,
            sessions,
            new PresenterAssertion.Checker(Set.of(issuer), config.sessionAdmins(), replays, clock),
            new AttributeDesk(config.attributeAdmins(), new PgAttributes(database), ledger, clock),
            new PresenterAssertion.Checker(
                Set.of(issuer), adminKeys(config.attributeAdmins()), replays, clock),
            new PresenterAssertion.Checker(Set.of(issuer), config.operators(), replays, clock),
            ledger,
            metrics,
            clock);
    var access =
        new AccessApi(
            issuer, new AccessEvaluations(current, decisions, gate, ledger, clock), settings);
    BoxServer server =
        BoxServer.start(
            BoxServer.Settings.of(NAME, config.listener(), health, metrics),
            routing -> {
              routes.install(routing);
              access.install(routing);
            });
    sender.start();
    Thread janitor =
        janitor(() -> {
          Instant now = clock.instant();
          keys.maintain();
          keyStore.erase(now);
          replays.forget(now);
          guesses.forget(now);
          revoked.forget(now);
          repeats.forget(now);
          histories.forget(now.minus(GiveBackLoop.KNOWN));
          entrance.forget(now);
          approvals.forget(now.minus(KEEP));
        });
    return new StsBox(
        server, sender, janitor, List.of(policyLoop, policies, noticeLoop, giveBackLoop));
  }

  /// An issuer's keys, with their age and their failures in metrics and log. An issuer that is away
  /// does not make this box unready: it would take the other issuers' people down with it.
  private static KeySource keys(Anchor anchor, Metrics metrics, InstantSource clock) {
    KeySource keys =
        anchor
            .keys()
            .source(
                anchor.issuer(),
                reason -> {
                  metrics.counter("sts.anchor.keys.failures", "anchor", anchor.name()).increment();
                  LOG.warn(
                      "the keys of trust anchor {} were not fetched: {}", anchor.name(), reason);
                },
                clock);
    if (keys instanceof RemoteKeySet remote) {
      metrics.gauge(
          "sts.anchor.keys.age.seconds",
          () -> remote.age().map(Duration::toSeconds).orElse(-1L),
          "anchor",
          anchor.name());
    }
    return keys;
  }

  /// The keys that a client or a SPIFFE trust domain publishes. Whoever registered the client has
  /// named the host, so it may be inside our network; link-local addresses are never called.
  private static KeySource clientKeys(URI address, Metrics metrics, InstantSource clock) {
    return IssuerKeys.at(address, Set.of(address.getHost()))
        .source(
            "",
            reason -> {
              metrics.counter("sts.client.keys.failures").increment();
              LOG.warn("the keys of a client were not fetched: {}", reason);
            },
            clock);
  }

  private static Map<String, KeySource> adminKeys(Map<String, AttributeAdmin> admins) {
    return admins.entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, admin -> admin.getValue().keys()));
  }

  /// The attribute store of a migrated schema, for imports.
  public static AttributeStore attributes(Database database) {
    return new PgAttributes(database);
  }

  /// The clients of a migrated schema, for commands.
  public static PgClients clients(Database database, InstantSource clock) {
    return new PgClients(database, clock);
  }

  /// The document of a policy that was in force once, as an auditor may read it.
  public static Optional<String> policyDocument(Database auditor, String version) {
    return PgPolicies.document(auditor, NAME, version);
  }

  /// The approvals of a migrated schema, for operators: to look at and to withdraw. Nothing here
  /// can approve.
  public static ApprovalDesk approvals(Database database, Ledger ledger, InstantSource clock) {
    return StepUpAssembly.desk(database, ledger, clock);
  }

  /// The signing keys of a migrated schema, for commands.
  public static SigningKeys keys(Database database, KeySettings settings, InstantSource clock) {
    return new SigningKeys(new PgKeyStore(database, settings.master()), settings, clock);
  }

  private static Thread janitor(Runnable work) {
    return Thread.ofVirtual()
        .name("sts-janitor")
        .start(() -> {
          while (!Thread.currentThread().isInterrupted()) {
            try {
              Thread.sleep(FORGET);
              work.run();
            } catch (InterruptedException end) {
              return;
            } catch (RuntimeException away) {
              LOG.warn(
                  "old rows were not forgotten, or keys not looked after: {}", away.getMessage());
            }
          }
        });
  }

  public URI baseUri() {
    return server.baseUri();
  }

  /// Stops listening, then the background work. Events that wait are brought by the next start.
  @Override
  public void close() {
    server.close();
    sender.close();
    janitor.interrupt();
    for (AutoCloseable loop : loops) {
      try {
        loop.close();
      } catch (Exception failed) {
        LOG.warn("{} did not stop cleanly", loop.getClass().getSimpleName(), failed);
      }
    }
  }

  /// What is missing at this installation for a policy to work.
  public static List<String> objections(
      StepUpSettings stepUp, DecisionSettings settings, Policy policy) {
    var missing = new ArrayList<String>();
    for (String name : policy.notified()) {
      if (!settings.told().containsKey(name)) {
        missing.add("a rule notifies `" + name + "`, which `sts.notify` does not name");
      }
    }
    for (Factor factor : policy.factors()) {
      if (!stepUp.factors().contains(factor)) {
        missing.add("a rule wants the factor `" + factor.code() + "`, which is not set up here");
      }
    }
    for (String anchor : policy.approversAnchors()) {
      if (!stepUp.signIns().containsKey(anchor)) {
        missing.add(
            "a rule lets people of `"
                + anchor
                + "` approve for others, who cannot sign in at the approval page:"
                + " `sts.step-up.sign-in` does not name it");
      }
    }
    return missing;
  }
}
