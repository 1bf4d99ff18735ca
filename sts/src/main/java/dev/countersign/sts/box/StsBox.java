package dev.countersign.sts.box;

import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import dev.countersign.box.BoxServer;
import dev.countersign.box.Database;
import dev.countersign.box.Health;
import dev.countersign.box.Metrics;
import dev.countersign.ledger.Ledger;
import dev.countersign.policy.Factor;
import dev.countersign.policy.Policy;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.VerificationKeys;
import dev.countersign.protocol.http.RemoteKeySet;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.sts.AttributeStore;
import dev.countersign.sts.Clients;
import dev.countersign.sts.CurrentPolicy;
import dev.countersign.sts.DecisionSettings;
import dev.countersign.sts.Decisions;
import dev.countersign.sts.OutsideDecisions;
import dev.countersign.sts.Sessions;
import dev.countersign.sts.StsConfig;
import dev.countersign.sts.SubjectTokens;
import dev.countersign.sts.TokenService;
import dev.countersign.sts.Tokens;
import dev.countersign.sts.http.DecisionPointClient;
import dev.countersign.sts.http.EventSender;
import dev.countersign.sts.http.StsRoutes;
import dev.countersign.sts.mail.SmtpSender;
import dev.countersign.sts.postgres.PgApprovals;
import dev.countersign.sts.postgres.PgAttributes;
import dev.countersign.sts.postgres.PgFacts;
import dev.countersign.sts.postgres.PgGate;
import dev.countersign.sts.postgres.PgHistory;
import dev.countersign.sts.postgres.PgNotices;
import dev.countersign.sts.postgres.PgOutbox;
import dev.countersign.sts.postgres.PgPolicies;
import dev.countersign.sts.postgres.PgReplays;
import dev.countersign.sts.stepup.OneTimeCodes;
import dev.countersign.sts.stepup.StepUps;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
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
  /// @param signingKey signs what we issue; P-256 with a key id
  /// @param workloadKey proves us to the transmitter as workload `sts`
  public static StsBox start(
      StsConfig config,
      Policy policy,
      TypeRegistry types,
      Database database,
      Ledger ledger,
      ECKey signingKey,
      JWK workloadKey,
      InstantSource clock) {
    return start(
        config,
        DecisionSettings.none(),
        policy,
        PolicyFiles.fixed(policy),
        database,
        ledger,
        signingKey,
        workloadKey,
        clock);
  }

  /// Builds the box and starts it.
  ///
  /// @param settings who is told, who else decides, who may ask for decisions
  /// @param policy the policy of `files`
  /// @param files where the policy may change while the box runs
  /// @param database the box's own schema, migrated
  /// @param signingKey signs what we issue; P-256 with a key id
  /// @param workloadKey proves us to the transmitter as workload `sts`
  public static StsBox start(
      StsConfig config,
      DecisionSettings settings,
      Policy policy,
      PolicyFiles files,
      Database database,
      Ledger ledger,
      ECKey signingKey,
      JWK workloadKey,
      InstantSource clock) {
    String issuer = config.issuer().toString();
    var client = new WireClient();
    var replays = new PgReplays(database);
    var sender =
        new EventSender(
            new PgOutbox(database),
            client,
            new PresenterAssertion.Maker(NAME, workloadKey, clock),
            config.transmitter(),
            clock);
    var gate = new PgGate(database, issuer, sender::wake);
    List<JWK> publicKeys = List.of(signingKey.toPublicJWK());
    var tokens =
        new Tokens(
            issuer,
            new JwtSigner(signingKey),
            KeySource.of(VerificationKeys.of(publicKeys)),
            audiences(config),
            clock);
    var subjectTokens =
        new SubjectTokens(
            config.anchors(), anchor -> new RemoteKeySet(anchor.jwksUri(), client, clock), clock);
    var smtp = new SmtpSender(config.smtp(), clock);
    var stepUps =
        new StepUps(
            config.issuer(),
            config.stepUp(),
            new PgApprovals(database, gate),
            new OneTimeCodes(derived(signingKey, "one-time codes")),
            smtp,
            ledger,
            clock);
    var current = new CurrentPolicy(policy);
    var policies = new PgPolicies(database);
    var policyLoop =
        new PolicyLoop(
            current, policies, files, changed -> objections(settings, changed), ledger, clock);
    var notices = new PgNotices(database, clock);
    var noticeLoop = new NoticeLoop(notices, settings.told(), smtp, client, clock);
    var histories = new PgHistory(database);
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
            new Clients(issuer, config.clients(), replays, clock),
            subjectTokens,
            current,
            decisions,
            gate,
            stepUps,
            tokens,
            ledger,
            clock);
    var metrics = new Metrics();
    var health = new Health();
    health.check("database", database::isUp);
    var routes =
        new StsRoutes(
            config,
            current.get().types(),
            publicKeys,
            service,
            tokens,
            stepUps,
            new Sessions(subjectTokens, tokens, gate, ledger, clock),
            new PresenterAssertion.Checker(Set.of(issuer), config.sessionAdmins(), replays, clock),
            derived(signingKey, "approval forms"),
            metrics,
            clock);
    BoxServer server =
        BoxServer.start(
            BoxServer.Settings.of(NAME, config.listener(), health, metrics), routes::install);
    sender.start();
    return new StsBox(
        server, sender, janitor(replays, clock), List.of(policyLoop, policies, noticeLoop));
  }

  /// The attribute store of a migrated schema, for imports.
  public static AttributeStore attributes(Database database) {
    return new PgAttributes(database);
  }

  private static Set<String> audiences(StsConfig config) {
    Set<String> audiences =
        config.clients().stream()
            .flatMap(client -> client.audiences().stream())
            .collect(Collectors.toSet());
    return audiences.isEmpty() ? Set.of(config.issuer().toString()) : audiences;
  }

  /// A key of its own for each purpose, the same at every replica because the signing key is.
  private static byte[] derived(ECKey signingKey, String purpose) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(signingKey.getD().decode(), "HmacSHA256"));
      return mac.doFinal(("countersign sts v1 " + purpose).getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has HMAC-SHA-256", impossible);
    }
  }

  private static Thread janitor(PgReplays replays, InstantSource clock) {
    return Thread.ofVirtual()
        .name("sts-janitor")
        .start(() -> {
          while (!Thread.currentThread().isInterrupted()) {
            try {
              Thread.sleep(FORGET);
              replays.forget(clock.instant());
            } catch (InterruptedException end) {
              return;
            } catch (RuntimeException away) {
              LOG.warn("used assertions were not forgotten: {}", away.getMessage());
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
  public static List<String> objections(DecisionSettings settings, Policy policy) {
    var missing = new ArrayList<String>();
    for (String name : policy.notified()) {
      if (!settings.told().containsKey(name)) {
        missing.add("a rule notifies `" + name + "`, which `sts.notify` does not name");
      }
    }
    for (Factor factor : policy.factors()) {
      if (!StepUps.FACTORS.contains(factor)) {
        missing.add("a rule wants the factor `" + factor.code() + "`, which is not set up here");
      }
    }
    return missing;
  }
}
