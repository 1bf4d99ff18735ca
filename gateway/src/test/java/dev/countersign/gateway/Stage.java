package dev.countersign.gateway;

import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.RSAKey;
import dev.countersign.box.BoxServer;
import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.FreePort;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.IssuerKeys;
import dev.countersign.box.KeyFiles;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.box.TestState;
import dev.countersign.config.Problems;
import dev.countersign.gateway.box.GatewayBox;
import dev.countersign.gateway.box.ToolsFile;
import dev.countersign.gateway.tools.Tools;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import tools.jackson.databind.node.ObjectNode;

/// A gateway with everything around it. Maya is a clerk; her tokens come from an Entra-shaped
/// issuer.
final class Stage implements AutoCloseable {
  static final String MAYA = "entra|oid-maya";
  static final String AUDIENCE = "66666666-7777-8888-9999-000000000000";
  static final String MODERN = "2026-07-28";

  private static final InstantSource CLOCK = InstantSource.system();
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private static final RSAKey IDP_KEY = KeyFiles.newRsa();
  private final BoxServer idp;
  private final Tools tools;
  private final ECKey key = KeyFiles.newEc();
  private final Ledger writer;
  final StsStandIn sts;
  final BrokerStandIn broker;
  final GatewayBox gateway;
  final GatewayConfig config;
  final DatabaseSettings database;
  final Database state;
  final List<LedgerEntry> ledger = new CopyOnWriteArrayList<>();
  volatile boolean ledgerAway;

  Stage() {
    this(tools());
  }

  Stage(Tools tools) {
    this(tools, GatewayConfig.Mode.TE);
  }

  Stage(Tools tools, GatewayConfig.Mode mode) {
    String schema = Ids.base62(8).toLowerCase(Locale.ROOT);
    database = TestState.shared().createDatabase("refunds_" + schema);
    TestState.shared()
        .execute(
            database,
            """
            DO $$ BEGIN CREATE ROLE clerks NOLOGIN;
            EXCEPTION WHEN duplicate_object THEN NULL; END $$;
            CREATE TABLE cases (case_id text PRIMARY KEY, customer text NOT NULL);
            INSERT INTO cases VALUES ('R-1', 'Ines'), ('R-2', 'Daniel'), ('R-3', 'Yuki');
            CREATE TABLE refunds (case_id text NOT NULL, amount bigint NOT NULL,
                                  currency text NOT NULL CHECK (currency <> 'XXX'));
            CREATE TABLE customers (name text);
            CREATE TABLE canary (login text, password text);
            GRANT SELECT, UPDATE ON cases TO clerks;
            GRANT SELECT, INSERT ON refunds TO clerks;
            GRANT SELECT ON canary TO clerks;
            """);
    this.tools = tools;
    idp =
        BoxServer.start(
            BoxServer.Settings.of("idp", Listener.loopback(0), new Health(), new Metrics()),
            routing ->
                routing.get(
                    "/keys",
                    (_, response) ->
                        Http.json(response, 200, KeyFiles.publicSet(List.of(IDP_KEY)))));
    sts = new StsStandIn(key, CLOCK);
    broker = new BrokerStandIn(key, database, CLOCK);
    int port = FreePort.any();
    config =
        new GatewayConfig(
            Listener.loopback(port),
            URI.create("http://127.0.0.1:" + port),
            mode,
            "gateway",
            new GatewayConfig.Upstreams(sts.uri(), broker.uri()),
            List.of(anchor()),
            Map.of("refunds", database.url()),
            new GatewayConfig.Border(Set.of(), Set.of("https://chat.example"), 64 * 1024));
    writer =
        entry -> {
          if (ledgerAway) {
            throw new Ledger.LedgerAway(null);
          }
          ledger.add(entry);
        };
    state = TestState.shared().open("gateway", "gateway_" + schema, GatewayBox.MIGRATIONS);
    gateway = GatewayBox.start(config, tools, state, writer, this::written, key, CLOCK);
  }

  /// A second gateway over the same state, known by the same address, as behind a balancer.
  Replica replica() {
    return replica(Optional.empty(), false);
  }

  /// The same, where blocked calls may end a person's sessions.
  Replica replica(Optional<Emitter> emitter) {
    return replica(emitter, false);
  }

  /// The same, where only tokens with a proof may be taken.
  Replica replica(boolean dpopRequired) {
    return replica(Optional.empty(), dpopRequired);
  }

  private Replica replica(Optional<Emitter> emitter, boolean dpopRequired) {
    int port = FreePort.any();
    var listening =
        new GatewayConfig(
            Listener.loopback(port),
            config.base(),
            config.mode(),
            config.workload(),
            config.upstreams(),
            config.anchors(),
            config.databases(),
            new GatewayConfig.Border(
                Set.of("127.0.0.1:" + port), Set.of(), 64 * 1024, 32, dpopRequired),
            emitter);
    return new Replica(
        URI.create("http://127.0.0.1:" + port),
        GatewayBox.start(listening, tools, state, writer, this::written, key, CLOCK));
  }

  record Replica(URI base, GatewayBox box) implements AutoCloseable {
    @Override
    public void close() {
      box.close();
    }
  }

  void reset() {
    sts.reset();
    broker.reset();
    ledger.clear();
    ledgerAway = false;
    execute("TRUNCATE refunds");
    state("DELETE FROM call");
    state("DELETE FROM blocked_call");
    state("DELETE FROM event_outbox");
  }

  /// Runs a statement in the business database.
  void execute(String sql) {
    TestState.shared().execute(database, sql);
  }

  /// Runs a statement in the gateway's own state.
  void state(String sql) {
    state.query(connection -> {
      try (var statement = connection.createStatement()) {
        return statement.executeUpdate(sql);
      }
    });
  }

  /// How many events wait to be sent.
  long waiting() {
    return number("SELECT count(*) FROM event_outbox");
  }

  /// How many blocked calls are counted.
  long counted() {
    return number("SELECT count(*) FROM blocked_call");
  }

  private long number(String sql) {
    return state.query(connection -> {
      try (var statement = connection.createStatement();
          var row = statement.executeQuery(sql)) {
        row.next();
        return row.getLong(1);
      }
    });
  }

  /// Asks the business database for one number.
  long count(String sql) {
    try (var connection = Database.connect(database);
        var statement = connection.createStatement();
        var result = statement.executeQuery(sql)) {
      result.next();
      return result.getLong(1);
    } catch (SQLException failed) {
      throw new IllegalStateException(failed);
    }
  }

  static Tools tools() {
    var problems = new Problems();
    Tools tools =
        ToolsFile.read(Path.of("src/test/resources/tools.yaml"), Set.of("refunds"), problems);
    problems.throwIfAny();
    return tools;
  }

  private Anchor anchor() {
    return new Anchor(
        "entra",
        new JwtRules(
            issuer(),
            Set.of(AUDIENCE),
            Set.of("jwt"),
            Set.of("RS256"),
            Duration.ofSeconds(30),
            Duration.ZERO),
        IssuerKeys.at(URI.create(idp.baseUri() + "/keys"), Set.of("127.0.0.1")),
        "oid",
        "urn:entra:token-type:user-jwt",
        Set.of("access"));
  }

  private String issuer() {
    return idp.baseUri() + "/tenant/v2.0";
  }

  /// Maya's token.
  String bearer() {
    return bearer(_ -> {});
  }

  String bearer(Consumer<ObjectNode> change) {
    long now = CLOCK.instant().getEpochSecond();
    ObjectNode claims = StrictJson.object().put("iss", issuer()).put("aud", AUDIENCE);
    claims.put("oid", "oid-maya").put("scp", "access").put("ver", "2.0");
    claims.put("iat", now).put("exp", now + 600);
    change.accept(claims);
    return new JwtSigner(IDP_KEY).sign("JWT", claims);
  }

  /// An answer over HTTP.
  record Answer(int status, String text, HttpResponse<String> raw) {
    /// The message, plain or on a stream of events.
    ObjectNode json() {
      return StrictJson.parseObject(
          text.startsWith(":") ? text.substring(text.indexOf("data: ") + 6) : text);
    }

    int errorCode() {
      return json().path("error").path("code").asInt(0);
    }

    ObjectNode result() {
      return (ObjectNode) json().path("result");
    }

    ObjectNode structured() {
      return (ObjectNode) result().path("structuredContent");
    }

    boolean isError() {
      return result().path("isError").asBoolean(false);
    }

    String header(String name) {
      return raw.headers().firstValue(name).orElse("");
    }
  }

  /// A request in the making; every part can be spoilt.
  final class Request {
    private final List<String> headers = new ArrayList<>();
    private String method = "POST";
    private String path = "/mcp";
    private String body = "";
    private URI base = config.base();

    Request() {
      header("Content-Type", "application/json");
      header("Accept", "application/json, text/event-stream");
    }

    Request method(String value) {
      method = value;
      return this;
    }

    Request path(String value) {
      path = value;
      return this;
    }

    Request at(Replica replica) {
      base = replica.base();
      return this;
    }

    /// Sends it on a connection of its own and leaves the answer there.
    Socket sendAndWait() throws IOException {
      var socket = new Socket(base.getHost(), base.getPort());
      var head = new StringBuilder(method + " " + path + " HTTP/1.1\r\n");
      head.append("Host: ").append(base.getAuthority()).append("\r\n");
      for (int i = 0; i < headers.size(); i += 2) {
        head.append(headers.get(i)).append(": ").append(headers.get(i + 1)).append("\r\n");
      }
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      head.append("Content-Length: ").append(bytes.length).append("\r\n\r\n");
      socket.getOutputStream().write(head.toString().getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().write(bytes);
      socket.getOutputStream().flush();
      return socket;
    }

    Request body(String value) {
      body = value;
      return this;
    }

    Request header(String name, String value) {
      headers.add(name);
      headers.add(value);
      return this;
    }

    Request without(String name) {
      for (int i = headers.size() - 2; i >= 0; i -= 2) {
        if (headers.get(i).equalsIgnoreCase(name)) {
          headers.remove(i + 1);
          headers.remove(i);
        }
      }
      return this;
    }

    Request with(String name, String value) {
      return without(name).header(name, value);
    }

    Answer send() {
      var request =
          HttpRequest.newBuilder(URI.create(base + path))
              .method(method, HttpRequest.BodyPublishers.ofString(body))
              .headers(headers.toArray(String[]::new));
      try {
        HttpResponse<String> response =
            CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
        return new Answer(response.statusCode(), response.body(), response);
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      } catch (InterruptedException interrupted) {
        throw new IllegalStateException(interrupted);
      }
    }
  }

  Request request() {
    return new Request();
  }

  /// A well-formed request of 2026-07-28 with Maya's token.
  Request modern(String method, ObjectNode params) {
    ObjectNode meta = params.withObject("/_meta");
    meta.put("io.modelcontextprotocol/protocolVersion", MODERN);
    meta.putObject("io.modelcontextprotocol/clientCapabilities");
    Request request =
        request()
            .header("Authorization", "Bearer " + bearer())
            .header("MCP-Protocol-Version", MODERN)
            .header("Mcp-Method", method)
            .body(message(method, params));
    return params.has("name")
        ? request.header("Mcp-Name", params.path("name").asString(""))
        : request;
  }

  /// The same from a client that can send a person to a page.
  Request eliciting(ObjectNode params) {
    Request request = modern("tools/call", params);
    params
        .withObject("/_meta")
        .withObject("/io.modelcontextprotocol~1clientCapabilities")
        .putObject("elicitation")
        .putObject("url");
    return request.body(message("tools/call", params));
  }

  /// A well-formed request of an older revision with Maya's token.
  Request legacy(String version, String method, ObjectNode params) {
    return request()
        .header("Authorization", "Bearer " + bearer())
        .header("MCP-Protocol-Version", version)
        .body(message(method, params));
  }

  static String message(String method, ObjectNode params) {
    ObjectNode message = StrictJson.object().put("jsonrpc", "2.0").put("id", 7);
    message.put("method", method).set("params", params);
    return StrictJson.write(message);
  }

  static ObjectNode call(String tool, String arguments) {
    ObjectNode params = StrictJson.object().put("name", tool);
    params.set("arguments", StrictJson.parseObject(arguments));
    return params;
  }

  /// Calls a tool as Maya, in the modern era.
  Answer tool(String tool, String arguments) {
    return modern("tools/call", call(tool, arguments)).send();
  }

  /// Waits for what must come, however slow the machine is.
  static void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - end > 0) {
        throw new AssertionError("did not come: " + what);
      }
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }

  /// What the gateway wrote of one person, as the ledger gives it back.
  private List<LedgerRecord> written(String subject, Set<LedgerEvent> events, int limit) {
    return ledger.stream()
        .filter(entry -> entry.subject().equals(subject) && events.contains(entry.event()))
        .map(entry ->
            new LedgerRecord(
                "gateway",
                1,
                CLOCK.instant(),
                "gateway",
                entry.event().wireName(),
                entry.jti(),
                entry.subject(),
                entry.data(),
                ""))
        .toList()
        .reversed()
        .stream()
        .limit(limit)
        .toList();
  }

  List<LedgerEntry> entries(LedgerEvent event) {
    return ledger.stream().filter(entry -> entry.event() == event).toList();
  }

  LedgerEntry only(LedgerEvent event) {
    List<LedgerEntry> found = entries(event);
    if (found.size() != 1) {
      throw new AssertionError("expected one " + event + " and found " + ledger);
    }
    return found.getFirst();
  }

  @Override
  public void close() {
    gateway.close();
    broker.close();
    sts.close();
    idp.close();
    state.close();
  }
}
