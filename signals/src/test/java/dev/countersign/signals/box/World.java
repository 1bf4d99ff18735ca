package dev.countersign.signals.box;

import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import dev.countersign.box.Database;
import dev.countersign.box.FreePort;
import dev.countersign.box.KeyFiles;
import dev.countersign.box.Listener;
import dev.countersign.box.TestState;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerificationKeys;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.act.ClientProof;
import dev.countersign.signals.act.ReceiverConfig;
import dev.countersign.signals.act.ReceiverConfig.IdentityProvider;
import dev.countersign.signals.transmit.OldForm;
import dev.countersign.signals.transmit.TransmitterConfig;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A transmitter and a receiver over one PostgreSQL, with stand-ins around them that speak the wire
/// of the places where sessions live.
final class World {
  static final String STS_ISSUER = "http://127.0.0.1:9401";
  static final String MAYA = "entra|7a9d3c1e-0000-4000-8000-00000000a001";
  static final String LENA = "okta|00u1lena";
  static final String AUDIENCE = "http://127.0.0.1:9405";
  static final String OTHER_AUDIENCE = "https://partner.example";

  static final String MCP = "http://127.0.0.1:9403/mcp";
  static final Secret SEAL_KEY = new Secret("a seal key of at least thirty-two characters");
  int mostWaiting = 1_000_000;

  static final ECKey AUTHORIZATION_KEY = KeyFiles.newEc();

  static final Duration SOON = Duration.ofSeconds(30);

  private static final Map<String, ECKey> KEYS =
      Map.of(
          "sts", KeyFiles.newEc(),
          "receiver", KeyFiles.newEc(),
          "gateway", KeyFiles.newEc(),
          "partner", KeyFiles.newEc());

  // One schema each for all tests of a JVM, emptied for every world: migrating takes longest.
  private static final Database TRANSMITTER_DATABASE =
      TestState.shared().open("transmitter", "transmitter", TransmitterBox.MIGRATIONS);
  private static final Database RECEIVER_DATABASE =
      TestState.shared().open("receiver", "receiver", ReceiverBox.MIGRATIONS);

  final MovableClock clock = new MovableClock();
  final List<LedgerEntry> entries = new CopyOnWriteArrayList<>();
  volatile boolean ledgerAway;
  final Ledger ledger =
      entry -> {
        if (ledgerAway) {
          throw new Ledger.LedgerAway(null);
        }
        entries.add(entry);
      };
  final WireClient client = new WireClient();
  final URI issuer = URI.create("http://127.0.0.1:" + FreePort.any());
  final Places places = new Places(publicKeys("receiver"), clock);
  final Database transmitterDatabase = TRANSMITTER_DATABASE;
  final Database receiverDatabase = RECEIVER_DATABASE;
  final ECKey signingKey = KeyFiles.newEc();
  final List<AutoCloseable> open = new ArrayList<>();

  World() {
    TestState.shared()
        .execute(
            TestState.shared().superuser().database("countersign"),
            "TRUNCATE transmitter.used_assertion, transmitter.stream, transmitter.event,"
                + " transmitter.removed_subject,"
                + " transmitter.delivery, receiver.received, receiver.step");
  }

  static KeySource publicKeys(String workload) {
    return KeySource.of(VerificationKeys.of(List.of(key(workload))));
  }

  static ECKey key(String workload) {
    ECKey key = KEYS.get(workload);
    if (key == null) {
      throw new IllegalArgumentException(workload);
    }
    return key;
  }

  TransmitterConfig transmitterConfig(int port) {
    var workloads = new HashMap<String, KeySource>();
    KEYS.keySet().forEach(name -> workloads.put(name, publicKeys(name)));
    return new TransmitterConfig(
        Listener.loopback(port),
        issuer,
        List.of(
            new TransmitterConfig.Source(
                "sts", Set.of("sts"), Set.of(EventTypes.SESSION_REVOKED), STS_ISSUER),
            new TransmitterConfig.Source(
                "gateway",
                Set.of("gateway"),
                Set.of(EventTypes.SESSION_REVOKED),
                STS_ISSUER,
                Set.of("entra"),
                3,
                Optional.empty(),
                Optional.empty()),
            new TransmitterConfig.Source(
                "mapper",
                Set.of("gateway"),
                Set.of(EventTypes.SESSION_REVOKED),
                STS_ISSUER,
                Set.of(),
                100,
                Optional.of(new OldForm("entra")),
                Optional.empty()),
            new TransmitterConfig.Source(
                "server",
                Set.of("gateway"),
                Set.of(EventTypes.SESSION_REVOKED, EventTypes.RISK_LEVEL_CHANGE),
                STS_ISSUER,
                Set.of(),
                100,
                Optional.empty(),
                Optional.of(MCP))),
        List.of(
            new TransmitterConfig.Receiver("receiver", AUDIENCE, "ES256"),
            new TransmitterConfig.Receiver("partner", OTHER_AUDIENCE, "RS256")),
        workloads,
        Duration.ofSeconds(8),
        new TransmitterConfig.Push(
            Set.of("127.0.0.1"), Optional.empty(), TransmitterConfig.Push.USUAL.giveUpAfter()),
        List.of(
            new TransmitterConfig.Authorization(
                STS_ISSUER, KeySource.of(VerificationKeys.of(List.of(AUTHORIZATION_KEY))))),
        Map.of(),
        new TransmitterConfig.Keeping(SEAL_KEY, mostWaiting, Duration.ofDays(30)));
  }

  TransmitterBox transmitter() {
    return transmitter(issuer.getPort(), List.of(signingKey, PARTNER_SIGNING_KEY));
  }

  static final JWK PARTNER_SIGNING_KEY = KeyFiles.newRsa();

  TransmitterBox transmitter(int port, List<JWK> keys) {
    return keep(
        TransmitterBox.start(transmitterConfig(port), transmitterDatabase, ledger, keys, clock));
  }

  ReceiverConfig receiverConfig(ReceiverConfig.Retry retry) {
    return new ReceiverConfig(
        Listener.loopback(0),
        "receiver",
        issuer,
        AUDIENCE,
        STS_ISSUER,
        places.base(),
        places.base(),
        List.of(
            new IdentityProvider.Entra(
                "entra",
                places.base().resolve("/tenant/oauth2/v2.0/token"),
                places.base().resolve("/graph"),
                places.base() + "/graph/.default",
                "receiver-app",
                new ClientProof.Password(Places.ENTRA_SECRET),
                false),
            new IdentityProvider.Okta(
                "okta",
                places.base(),
                new IdentityProvider.OktaAccess.ApiToken(Places.OKTA_TOKEN),
                false)),
        retry,
        ReceiverConfig.DEFAULT_OLDEST_EVENT);
  }

  static final ReceiverConfig.Retry QUICK =
      new ReceiverConfig.Retry(Duration.ofMillis(50), Duration.ofMillis(200), 40);

  ReceiverBox receiver() {
    return receiver(QUICK);
  }

  ReceiverBox receiver(ReceiverConfig.Retry retry) {
    return keep(
        ReceiverBox.start(receiverConfig(retry), receiverDatabase, ledger, key("receiver"), clock));
  }

  /// Closed with the world, if not before.
  <T extends AutoCloseable> T keep(T box) {
    open.add(box);
    return box;
  }

  ObjectNode event(String subject, String txn) {
    ObjectNode body = StrictJson.object();
    body.putObject("sub_id").put("format", "iss_sub").put("iss", STS_ISSUER).put("sub", subject);
    body.put("txn", txn);
    ObjectNode event = body.putObject("events").putObject(EventTypes.SESSION_REVOKED);
    event.put("event_timestamp", clock.instant().getEpochSecond());
    event.put("initiating_entity", "policy");
    event.putObject("reason_admin").put("en", "over the hard cap");
    event.putObject("reason_user").put("en", "your sessions were ended");
    return body;
  }

  String assertion(String workload) {
    return new PresenterAssertion.Maker(workload, key(workload), clock)
        .assertion(issuer.toString());
  }

  WireClient.Answer ingest(ObjectNode body) {
    return call("sts", "POST", "/sources/sts/events", body);
  }

  /// Hands in an event that must be taken.
  String kill(String subject, String txn) {
    WireClient.Answer answer = ingest(event(subject, txn));
    if (answer.status() != 201) {
      throw new AssertionError("status " + answer.status() + " " + answer.text());
    }
    return StrictJson.parseObject(answer.body()).path("jti").stringValue();
  }

  WireClient.Answer call(String workload, String method, String path, @Nullable JsonNode body) {
    return call(issuer, workload, method, path, body);
  }

  WireClient.Answer call(
      URI base, String workload, String method, String path, @Nullable JsonNode body) {
    return raw(base, assertion(workload), method, path, body);
  }

  WireClient.Answer raw(
      URI base, @Nullable String assertion, String method, String path, @Nullable JsonNode body) {
    var headers = new HashMap<String, String>();
    if (assertion != null) {
      headers.put(PresenterAssertion.HEADER, assertion);
    }
    if (body != null) {
      headers.put("Content-Type", "application/json");
    }
    return client.send(
        method,
        URI.create(base + path),
        headers,
        body == null ? null : StrictJson.write(body),
        Duration.ofSeconds(30));
  }

  /// Creates a stream for a workload and returns its id.
  String stream(String workload) {
    ObjectNode body = StrictJson.object();
    body.putObject("delivery").put("method", "urn:ietf:rfc:8936");
    body.putArray("events_requested").add(EventTypes.SESSION_REVOKED).add("urn:unknown");
    WireClient.Answer answer = call(workload, "POST", "/ssf/streams", body);
    if (answer.status() != 201) {
      throw new AssertionError("status " + answer.status() + " " + answer.text());
    }
    return StrictJson.parseObject(answer.body()).path("stream_id").stringValue();
  }

  /// Polls without waiting.
  ObjectNode poll(String workload, String stream) {
    return poll(workload, stream, StrictJson.object().put("returnImmediately", true));
  }

  ObjectNode poll(String workload, String stream, ObjectNode body) {
    WireClient.Answer answer = call(workload, "POST", "/ssf/streams/" + stream + "/poll", body);
    if (answer.status() != 200) {
      throw new AssertionError("status " + answer.status() + " " + answer.text());
    }
    return StrictJson.parseObject(answer.body());
  }

  List<LedgerEntry> entries(LedgerEvent event) {
    return entries.stream().filter(entry -> entry.event() == event).toList();
  }

  List<LedgerEntry> entries(LedgerEvent event, String txn) {
    return entries(event).stream().filter(entry -> entry.jti().equals(txn)).toList();
  }

  boolean isFinished(String txn) {
    return !entries(LedgerEvent.KILL_FINISHED, txn).isEmpty();
  }

  /// Waits until something is so, or fails.
  void eventually(String what, BooleanSupplier condition) {
    Instant end = InstantSource.system().instant().plus(SOON);
    while (!condition.getAsBoolean()) {
      if (InstantSource.system().instant().isAfter(end)) {
        throw new AssertionError(
            "not within " + SOON + ": " + what + "; the ledger holds " + entries);
      }
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
  }

  void close() throws Exception {
    for (AutoCloseable box : open.reversed()) {
      box.close();
    }
    places.close();
  }

  /// The machine's clock, which a test may set forward or back.
  static final class MovableClock implements InstantSource {
    private volatile Duration ahead = Duration.ZERO;

    @Override
    public Instant instant() {
      return InstantSource.system().instant().plus(ahead);
    }

    synchronized void move(Duration by) {
      ahead = ahead.plus(by);
    }
  }

  /// Secrets that must never be seen outside.
  static List<Secret> secrets() {
    return List.of(Places.ENTRA_SECRET, Places.OKTA_TOKEN);
  }
}
