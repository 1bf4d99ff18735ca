package dev.countersign.broker.box;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import dev.countersign.box.BoxServer;
import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.box.TestState;
import dev.countersign.broker.BrokerConfig;
import dev.countersign.broker.Engine;
import dev.countersign.broker.FaultPoint;
import dev.countersign.broker.LoginLimits;
import dev.countersign.broker.MintLimits;
import dev.countersign.broker.RoleMapping;
import dev.countersign.broker.SqlName;
import dev.countersign.broker.postgres.InitTarget;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerificationKeys;
import dev.countersign.protocol.http.WireClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// A running broker over the refunds example: the example's own SQL files in a real PostgreSQL, an
/// STS that is only a key set, and the workloads `gateway`, `other`, `receiver`, `operator` and
/// `sts`.
final class Refunds implements AutoCloseable {
  static final String CASE = "R-884-2233";
  static final String MAYA = "entra|0b6f1f9e-1111-4a11-9a11-00000000a001";
  static final String ISSUER = "http://sts.example";
  static final String GATEWAY = "http://gateway.example/mcp";
  static final URI BROKER = URI.create("http://broker.example");

  private static final AtomicInteger INSTANCES = new AtomicInteger();
  private static final Duration FIVE_MINUTES = Duration.ofMinutes(5);
  private static final Duration BRIEF = Duration.ofSeconds(2);
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  final List<LedgerEntry> ledger = new CopyOnWriteArrayList<>();
  final DatabaseSettings owner;
  final SqlName mint;
  final DatabaseSettings mintLogin;

  private final TestState postgres = TestState.shared();
  private final ECKey stsKey = key("sts");
  private final Map<String, ECKey> workloadKeys = new HashMap<>();
  private final BoxServer sts;
  private final Database state;
  private final WireClient client = new WireClient();
  private volatile Duration ahead = Duration.ZERO;
  private volatile boolean ledgerAway;
  private volatile boolean stsAway;
  private UnaryOperator<Engine> around = UnaryOperator.identity();
  private Map<String, String> certificates = Map.of();
  private Listener listener = Listener.loopback(0);
  private Map<String, BrokerConfig.Agent> agents = Map.of();
  private Set<BrokerConfig.Allowance> allowances = Set.of();
  private MintLimits limits = MintLimits.USUAL;
  private FaultPoint.Hook faults = FaultPoint.Hook.NONE;
  private @Nullable BrokerBox broker;

  /// Makes everything but does not start the broker yet.
  Refunds() {
    this(TestState.shared().superuser(), false);
  }

  /// The same with the business database on another server.
  ///
  /// @param server its superuser
  /// @param isManaged whether the database's owner is no superuser, as on a managed service
  Refunds(DatabaseSettings server, boolean isManaged) {
    int instance = INSTANCES.incrementAndGet();
    mint = new SqlName("countersign_mint_" + instance);
    owner = server.database("refunds_" + instance);
    DatabaseSettings setUp = isManaged ? owner.as("dba", new Secret(Ids.base62(32))) : owner;
    postgres.execute(server, "CREATE DATABASE refunds_" + instance);
    if (isManaged) {
      postgres.execute(
          server,
          "CREATE ROLE dba LOGIN CREATEROLE PASSWORD '"
              + setUp.password().reveal()
              + "'; ALTER DATABASE refunds_"
              + instance
              + " OWNER TO dba");
    }
    var password = new Secret(Ids.base62(32));
    mintLogin = owner.as(mint.text(), password);
    InitTarget.run(setUp, plan(password));
    InitTarget.runScripts(setUp, List.of(example("01_schema.sql"), example("02_data.sql")));
    state = postgres.open("broker", "broker_" + instance, BrokerBox.MIGRATIONS);
    for (String workload : List.of("gateway", "other", "receiver", "operator", "sts")) {
      workloadKeys.put(workload, key(workload));
    }
    sts =
        BoxServer.start(
            BoxServer.Settings.of("sts", Listener.loopback(0), new Health(), new Metrics()),
            routing ->
                routing.get(
                    "/oauth2/jwks", (_, response) -> Http.json(response, jwksStatus(), jwks())));
  }

  static Refunds started() {
    var refunds = new Refunds();
    refunds.start();
    return refunds;
  }

  InitTarget.Plan plan(Secret password) {
    return new InitTarget.Plan(
        mint,
        password,
        Set.of(new SqlName("refunds_read"), new SqlName("refunds_write")),
        Set.of(new SqlName("refunds_owner")));
  }

  static String example(String file) {
    try {
      return Files.readString(Path.of("..", "examples", "refunds", "database", file));
    } catch (IOException missing) {
      throw new UncheckedIOException(missing);
    }
  }

  Refunds around(UnaryOperator<Engine> wrapper) {
    around = wrapper;
    return this;
  }

  /// Listens with TLS and knows a workload by the thumbprint of its certificate.
  Refunds tls(Listener.Tls files, String thumbprint, String workload) {
    listener = new Listener("127.0.0.1", 0, Optional.of(files));
    certificates = Map.of(thumbprint, workload);
    return this;
  }

  Refunds agents(Map<String, BrokerConfig.Agent> registry) {
    agents = registry;
    return this;
  }

  Refunds limits(MintLimits brakes) {
    limits = brakes;
    return this;
  }

  Refunds allowing(BrokerConfig.Allowance... allowed) {
    allowances = Set.of(allowed);
    return this;
  }

  Refunds faults(FaultPoint.Hook hook) {
    faults = hook;
    return this;
  }

  void start() {
    broker =
        BrokerBox.start(config(), state, this::append, (InstantSource) this::now, around, faults);
  }

  /// Stops the broker; what it left stays.
  void stop() {
    broker().close();
    broker = null;
  }

  /// What an operator at a terminal works with, beside the running broker.
  LeaseDesk desk() {
    return new LeaseDesk(config(), state, this::append, this::now);
  }

  BrokerBox broker() {
    if (broker == null) {
      throw new IllegalStateException("the broker is not started");
    }
    return broker;
  }

  BrokerConfig config() {
    Map<String, KeySource> workloads = new HashMap<>();
    workloadKeys.forEach(
        (name, key) -> workloads.put(name, KeySource.of(VerificationKeys.of(List.of(key)))));
    List<RoleMapping> mappings =
        List.of(
            RoleMapping.of("urn:smt:agent:refund|process_refund", group("refunds_write")),
            RoleMapping.of("urn:smt:agent:case|find_case", group("refunds_read")),
            RoleMapping.of("urn:smt:agent:case|list_cases", group("refunds_read")));
    Set<String> gateway = Set.of("gateway");
    return new BrokerConfig(
        BROKER,
        listener,
        new BrokerConfig.TokenIssuer(ISSUER, sts.baseUri().resolve("/oauth2/jwks")),
        List.of(new BrokerConfig.Target("refunds", mintLogin, 1, allowances)),
        List.of(
            role("refunds", BrokerConfig.Access.of(GATEWAY, gateway), FIVE_MINUTES, mappings),
            role("brief", BrokerConfig.Access.of(GATEWAY, gateway), BRIEF, mappings),
            role(
                "elsewhere",
                BrokerConfig.Access.of("http://elsewhere.example/mcp", gateway),
                FIVE_MINUTES,
                mappings),
            new BrokerConfig.Role(
                "long",
                "refunds",
                BrokerConfig.Access.of(GATEWAY, gateway),
                FIVE_MINUTES,
                Duration.ofMinutes(12),
                LoginLimits.USUAL,
                mappings),
            role(
                "old-clients",
                new BrokerConfig.Access(GATEWAY, gateway, Set.of(), Set.of(), true),
                FIVE_MINUTES,
                mappings),
            new BrokerConfig.Role(
                "plain",
                "refunds",
                new BrokerConfig.Access(GATEWAY, gateway, Set.of(), Set.of(), true),
                FIVE_MINUTES,
                Duration.ofMinutes(10),
                LoginLimits.USUAL,
                mappings),
            role(
                "acting",
                new BrokerConfig.Access(
                    GATEWAY, gateway, Set.of("spiffe://example/agent"), gateway, false),
                FIVE_MINUTES,
                mappings)),
        workloads,
        certificates,
        agents,
        "receiver",
        Set.of("operator"),
        limits,
        Optional.of(new Secret("a-seal-key-of-forty-random-characters-or-so")));
  }

  private static BrokerConfig.Role role(
      String name, BrokerConfig.Access access, Duration life, List<RoleMapping> mappings) {
    return new BrokerConfig.Role(name, "refunds", access, life, life, LoginLimits.USUAL, mappings);
  }

  /// Tries to start a broker that lacks the key of written databases' passwords.
  void startWithoutSealKey() {
    BrokerConfig with = config();
    var without =
        new BrokerConfig(
            with.baseUri(),
            with.listener(),
            with.issuer(),
            with.databases(),
            with.roles(),
            with.workloads(),
            with.certificates(),
            with.agents(),
            with.receiver(),
            with.operators(),
            with.limits(),
            Optional.empty());
    BrokerBox.start(without, state, this::append, (InstantSource) this::now, around, faults)
        .close();
  }

  /// Whether a text stands anywhere in the broker's own tables.
  boolean stateHolds(String text) {
    return state.query(connection -> {
      for (String table : List.of("lease", "vault_session", "wrapped_answer", "vault_definition")) {
        try (var find =
            connection.prepareStatement(
                "SELECT 1 FROM " + table + " t WHERE position(? IN t::text) > 0")) {
          find.setString(1, text);
          try (var rows = find.executeQuery()) {
            if (rows.next()) {
              return true;
            }
          }
        }
      }
      return false;
    });
  }

  /// Removes every database and role that was written over the wire.
  void forgetDefinitions() {
    state.query(connection -> {
      try (var delete = connection.prepareStatement("DELETE FROM vault_definition")) {
        return delete.executeUpdate();
      }
    });
  }

  /// Posts text under any content type, or none, and tells the status.
  int post(String path, String token, String type, String body) {
    var headers = new HashMap<String, String>();
    if (!type.isEmpty()) {
      headers.put("Content-Type", type);
    }
    if (!token.isEmpty()) {
      headers.put("X-Vault-Token", token);
    }
    return client
        .send("POST", URI.create(broker().baseUri() + path), headers, body, PATIENCE)
        .status();
  }

  /// A second broker over the same state, as another replica is.
  BrokerBox replica() {
    return BrokerBox.start(
        config(), state, this::append, (InstantSource) this::now, around, faults);
  }

  private static List<SqlName> group(String name) {
    return List.of(new SqlName(name));
  }

  private void append(LedgerEntry entry) {
    if (ledgerAway) {
      throw new Ledger.LedgerAway(null);
    }
    ledger.add(entry);
  }

  private int jwksStatus() {
    return stsAway ? 503 : 200;
  }

  private ObjectNode jwks() {
    return StrictJson.parseObject("{\"keys\":[" + stsKey.toPublicJWK().toJSONString() + "]}");
  }

  Instant now() {
    return Instant.ofEpochMilli(System.currentTimeMillis()).plus(ahead);
  }

  /// Turns the broker's clock on. PostgreSQL's own stays.
  void pass(Duration time) {
    ahead = ahead.plus(time);
  }

  void ledgerIsAway(boolean away) {
    ledgerAway = away;
  }

  void stsIsAway() {
    stsAway = true;
  }

  static ObjectNode refund(String caseId, long cents) {
    ObjectNode element = StrictJson.object().put("type", "urn:smt:agent:refund");
    ObjectNode details = element.putObject("operationDetails").put("action", "process_refund");
    details.putObject("instructedAmount").put("currency", "USD").put("amount", cents);
    details.putObject("creditorAccount").put("identification", caseId);
    return element;
  }

  static ObjectNode caseRequest(String action) {
    ObjectNode element = StrictJson.object().put("type", "urn:smt:agent:case");
    element.putObject("operationDetails").put("action", action);
    return element;
  }

  static ObjectNode findCase(String caseId) {
    ObjectNode element = caseRequest("find_case");
    ((ObjectNode) element.path("operationDetails")).put("caseId", caseId);
    return element;
  }

  /// The claims of a good token for these elements.
  ObjectNode claims(ObjectNode... elements) {
    ObjectNode claims =
        StrictJson.object()
            .put("iss", ISSUER)
            .put("sub", MAYA)
            .put("aud", GATEWAY)
            .put("client_id", "gateway")
            .put("iat", now().getEpochSecond())
            .put("exp", now().plusSeconds(60).getEpochSecond())
            .put("jti", Ids.random())
            .put("scope", "refund:write");
    claims.putObject("act").put("sub", "gateway");
    var details = claims.putArray("authorization_details");
    for (ObjectNode element : elements) {
      details.add(element);
    }
    return claims;
  }

  String token(ObjectNode... elements) {
    return sign(claims(elements));
  }

  String sign(ObjectNode claims) {
    return new JwtSigner(stsKey).sign("at+jwt", claims);
  }

  /// Signs claims that no writer of JSON would write.
  String signText(String claims) {
    try {
      var jws =
          new JWSObject(
              new JWSHeader.Builder(JWSAlgorithm.ES256)
                  .type(new JOSEObjectType("at+jwt"))
                  .keyID(stsKey.getKeyID())
                  .build(),
              new Payload(claims));
      jws.sign(new ECDSASigner(stsKey));
      return jws.serialize();
    } catch (JOSEException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  String signWithAnotherKey(ObjectNode claims) {
    return new JwtSigner(key("sts")).sign("at+jwt", claims);
  }

  String sign(String type, ObjectNode claims) {
    return new JwtSigner(stsKey).sign(type, claims);
  }

  ECKey keyOf(String workload) {
    return workloadKeys.getOrDefault(workload, key(workload));
  }

  static String thumbprint(ECKey key) {
    try {
      return key.computeThumbprint().toString();
    } catch (JOSEException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /// A DPoP proof with any key.
  String dpop(ECKey key, ObjectNode claims) {
    try {
      var jws =
          new JWSObject(
              new JWSHeader.Builder(JWSAlgorithm.ES256)
                  .type(new JOSEObjectType("dpop+jwt"))
                  .jwk(key.toPublicJWK())
                  .build(),
              new Payload(StrictJson.write(claims)));
      jws.sign(new ECDSASigner(key));
      return jws.serialize();
    } catch (JOSEException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  String assertion(String workload) {
    return assertion(workload, BROKER.toString());
  }

  String assertion(String workload, String audience) {
    return new PresenterAssertion.Maker(
            workload, workloadKeys.getOrDefault(workload, key(workload)), this::now)
        .assertion(audience);
  }

  WireClient.Answer mint(String token) {
    return mint("refunds", token, assertion("gateway"), null);
  }

  WireClient.Answer mint(String role, String token, String assertion, @Nullable ObjectNode body) {
    return send(
        "POST",
        "/v1/verify-rar/creds/" + role,
        Map.of("X-Vault-Token", token, PresenterAssertion.HEADER, assertion),
        body);
  }

  Login login(ObjectNode... elements) {
    return login("refunds", elements);
  }

  Login login(String role, ObjectNode... elements) {
    return Login.of(mint(role, token(elements), assertion("gateway"), null));
  }

  WireClient.Answer revoke(String lease, String workload) {
    return send(
        "PUT",
        "/v1/sys/leases/revoke",
        Map.of(PresenterAssertion.HEADER, assertion(workload)),
        StrictJson.object().put("lease_id", lease));
  }

  /// A write with the assertion of a workload.
  WireClient.Answer write(String path, String workload, ObjectNode body) {
    return send("PUT", path, Map.of(PresenterAssertion.HEADER, assertion(workload)), body);
  }

  WireClient.Answer revokeSubject(String subject, String transaction, String workload) {
    return send(
        "POST",
        "/v1/countersign/subjects/revoke",
        Map.of(PresenterAssertion.HEADER, assertion(workload)),
        StrictJson.object().put("sub", subject).put("txn", transaction));
  }

  /// Sends any text as the body.
  WireClient.Answer sendText(String method, String path, Map<String, String> headers, String body) {
    return client.send(method, URI.create(broker().baseUri() + path), headers, body, PATIENCE);
  }

  WireClient.Answer send(
      String method, String path, Map<String, String> headers, @Nullable ObjectNode body) {
    var all = new HashMap<>(headers);
    if (body != null) {
      all.put("Content-Type", "application/json");
    }
    return client.send(
        method,
        URI.create(broker().baseUri() + path),
        all,
        body == null ? null : StrictJson.write(body),
        PATIENCE);
  }

  Connection connect(Login login) throws SQLException {
    return connect(owner.as(login.user(), login.password()));
  }

  static Connection connect(DatabaseSettings settings) throws SQLException {
    return DriverManager.getConnection(
        settings.url(), settings.user(), settings.password().reveal());
  }

  /// What a query of the superuser finds, as text.
  String ask(String sql) {
    try (var connection = connect(owner)) {
      return ask(connection, sql);
    } catch (SQLException failed) {
      throw new IllegalStateException(failed);
    }
  }

  static String ask(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      return rows.next() ? String.valueOf(rows.getString(1)) : "";
    }
  }

  static void run(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  boolean exists(Login login) {
    return !ask("SELECT 1 FROM pg_roles WHERE rolname = '" + login.user() + "'").isEmpty();
  }

  /// Logins, approved requests and memberships that are still there.
  int leftOvers() {
    return Integer.parseInt(
            ask(
                "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid"
                    + " JOIN pg_roles me ON me.oid = m.member AND me.rolname = '"
                    + mint.text()
                    + "' WHERE r.rolname LIKE 'cs\\_%'"))
        + Integer.parseInt(ask("SELECT count(*) FROM countersign.approved_request"));
  }

  List<LedgerEntry> entries(LedgerEvent event) {
    return ledger.stream().filter(entry -> entry.event() == event).toList();
  }

  /// The reason of the one refusal in the ledger.
  String refusal() {
    List<LedgerEntry> refused = entries(LedgerEvent.LEASE_REFUSED);
    return refused.size() == 1
        ? refused.getFirst().data().path("reason").stringValue()
        : refused.size() + " refusals";
  }

  static ECKey key(String id) {
    try {
      return new ECKeyGenerator(Curve.P_256).keyID(id).generate();
    } catch (JOSEException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  @Override
  public void close() {
    if (broker != null) {
      broker.close();
    }
    sts.close();
    state.close();
  }

  /// A minted credential.
  record Login(String lease, String user, Secret password) {
    static Login of(WireClient.Answer answer) {
      if (answer.status() != 200) {
        throw new AssertionError("expected a credential, got " + answer.status() + answer.text());
      }
      ObjectNode body = StrictJson.parseObject(answer.body());
      return new Login(
          body.path("lease_id").stringValue(),
          body.path("data").path("username").stringValue(),
          new Secret(body.path("data").path("password").stringValue()));
    }
  }
}
