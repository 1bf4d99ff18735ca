package dev.countersign.broker.box;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.BoxServer;
import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.box.Migrations;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.box.postgres.StateDatabase;
import dev.countersign.broker.FaultPoint;
import dev.countersign.broker.SqlName;
import dev.countersign.broker.postgres.InitTarget;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.node.ObjectNode;

/// `kill -9` of the broker, of PostgreSQL and of both, between any two lasting effects. Afterwards
/// nothing is left: no login, no approved request, no lease that is owed, and the ledger tells the
/// end of every lease that it told the beginning of.
class KillNineTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @SuppressWarnings("NullAway.Init")
  private static Path folder;

  @SuppressWarnings("NullAway.Init")
  private static EmbeddedPostgres postgres;

  @SuppressWarnings("NullAway.Init")
  private static MovingServer address;

  @SuppressWarnings("NullAway.Init")
  private static BoxServer sts;

  private static final Properties SETTINGS = new Properties();
  private static final ECKey STS_KEY = Refunds.key("sts");
  private static final ECKey GATEWAY_KEY = Refunds.key("gateway");
  private static final WireClient CLIENT = new WireClient();

  @BeforeAll
  static void prepare() throws IOException {
    folder = Files.createTempDirectory("countersign-kill-");
    postgres = EmbeddedPostgres.start(folder);
    address = new MovingServer(port());
    DatabaseSettings superuser = moving(postgres.superuser());
    StateDatabase state =
        StateDatabase.provision(superuser, folder.resolve("secrets"), List.of("broker"));
    Migrations.run(state.owner(), "broker", StateDatabase.user("broker"), BrokerBox.MIGRATIONS);
    put("state", state.box("broker"));
    execute(superuser, "CREATE DATABASE refunds");
    var password = new Secret(Ids.base62(32));
    var mint = new SqlName("countersign_mint");
    DatabaseSettings owner = superuser.database("refunds");
    InitTarget.run(
        owner,
        new InitTarget.Plan(
            mint,
            password,
            Set.of(new SqlName("refunds_read"), new SqlName("refunds_write")),
            Set.of(new SqlName("refunds_owner"))));
    InitTarget.runScripts(
        owner, List.of(Refunds.example("01_schema.sql"), Refunds.example("02_data.sql")));
    put("target", owner.as(mint.text(), password));
    ObjectNode jwks =
        StrictJson.parseObject("{\"keys\":[" + STS_KEY.toPublicJWK().toJSONString() + "]}");
    sts =
        BoxServer.start(
            BoxServer.Settings.of("sts", Listener.loopback(0), new Health(), new Metrics()),
            routing -> routing.get("/jwks", (_, response) -> Http.json(response, 200, jwks)));
    SETTINGS.setProperty("jwks", sts.baseUri() + "/jwks");
    SETTINGS.setProperty("gateway", GATEWAY_KEY.toJSONString());
  }

  @AfterAll
  static void stop() throws IOException {
    sts.close();
    address.close();
    postgres.close();
    EmbeddedPostgres.delete(folder);
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static int port() {
    return URI.create(postgres.superuser().url().substring("jdbc:".length())).getPort();
  }

  private static DatabaseSettings moving(DatabaseSettings settings) {
    return new DatabaseSettings(
        settings.url().replace(":" + port() + "/", ":" + address.port() + "/"),
        settings.user(),
        settings.password());
  }

  private static void put(String name, DatabaseSettings settings) {
    SETTINGS.setProperty(name + ".url", settings.url());
    SETTINGS.setProperty(name + ".user", settings.user());
    SETTINGS.setProperty(name + ".password", settings.password().reveal());
  }

  private static void execute(DatabaseSettings settings, String sql) {
    try (Connection connection = Database.connect(settings);
        var statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException failed) {
      throw new IllegalStateException(failed);
    }
  }

  private static String ask(String sql) {
    try (Connection connection =
        Database.connect(moving(postgres.superuser()).database("refunds"))) {
      return Refunds.ask(connection, sql);
    } catch (SQLException failed) {
      throw new IllegalStateException(failed);
    }
  }

  /// What is killed.
  enum Victim {
    BROKER,
    POSTGRES,
    BOTH
  }

  /// One crash.
  record Crash(FaultPoint point, Victim victim) {
    @Override
    public String toString() {
      return victim + " at " + point;
    }
  }

  static Stream<Crash> usual() {
    return Stream.of(
        new Crash(FaultPoint.MINT_CREATED, Victim.BROKER),
        new Crash(FaultPoint.END_DROPPED, Victim.BOTH));
  }

  static Stream<Crash> all() {
    var usual = usual().toList();
    return Stream.of(FaultPoint.values())
        .flatMap(point -> Stream.of(Victim.values()).map(victim -> new Crash(point, victim)))
        .filter(crash -> !usual.contains(crash));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("usual")
  void H06_leavesNothingBehind(Crash crash) throws Exception {
    crash(crash);
  }

  @Tag("slow")
  @ParameterizedTest(name = "{0}")
  @MethodSource("all")
  void H06_leavesNothingBehindAtAnyPoint(Crash crash) throws Exception {
    crash(crash);
  }

  private static void crash(Crash crash) throws Exception {
    Path ledger = Files.createTempFile(folder, "ledger-", ".txt");
    SETTINGS.setProperty("ledger", ledger.toString());
    SETTINGS.setProperty("point", crash.point().name());
    Process broker = launch();
    try (BufferedReader said = broker.inputReader()) {
      URI base = URI.create(until(said, "READY ").substring("READY ".length()));
      Thread caller = Thread.ofVirtual().start(() -> provoke(base, crash.point()));
      until(said, "REACHED");
      if (crash.victim() != Victim.POSTGRES) {
        broker.destroyForcibly().waitFor();
      }
      if (crash.victim() != Victim.BROKER) {
        killPostgres();
      }
      if (crash.victim() == Victim.POSTGRES) {
        recoverItself(broker, said);
      } else {
        recoverByAnother();
      }
      caller.join(PATIENCE);
    } finally {
      broker.destroyForcibly().waitFor();
    }
    assertThat(ask("SELECT count(*) FROM pg_roles WHERE rolname ~ '^cs_'")).isEqualTo("0");
    assertThat(ask("SELECT count(*) FROM countersign.approved_request")).isEqualTo("0");
    List<String> lines = Files.readAllLines(ledger);
    assertThat(lines.stream().filter(line -> line.startsWith("LEASE_REVOKED"))).isNotEmpty();
    assertThat(lines.stream().filter(line -> line.contains("\"cause\":\"orphan\""))).isEmpty();
  }

  private static Process launch() throws IOException {
    Path settings = Files.createTempFile(folder, "settings-", ".properties");
    try (var writer = Files.newBufferedWriter(settings)) {
      SETTINGS.store(writer, null);
    }
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                CrashingBroker.class.getName(),
                settings.toString()));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
  }

  private static String until(BufferedReader said, String beginning) throws IOException {
    var told = new StringBuilder();
    for (String line = said.readLine(); line != null; line = said.readLine()) {
      told.append(line).append("\n");
      if (line.startsWith(beginning)) {
        return line;
      }
    }
    throw new AssertionError("the broker ended before it said " + beginning + ":\n" + told);
  }

  /// Does what leads to the point. That the answer does not come, or is an error, is the point.
  private static void provoke(URI base, FaultPoint point) {
    try {
      ObjectNode minted =
          StrictJson.parseObject(send(base, "/v1/verify-rar/creds/refunds", null).body());
      String lease = minted.path("lease_id").asString("");
      if (point == FaultPoint.RENEW_JOURNALED) {
        send(base, "/v1/sys/leases/renew", StrictJson.object().put("lease_id", lease));
      } else if (point == FaultPoint.END_SHUT_OUT) {
        revokeWithASessionInTheWay(base, minted, lease);
      } else if (point.name().startsWith("END")) {
        send(base, "/v1/sys/leases/revoke", StrictJson.object().put("lease_id", lease));
      }
    } catch (UnavailableException | SQLException killed) {
      // As a caller sees it.
    }
  }

  private static void revokeWithASessionInTheWay(URI base, ObjectNode minted, String lease)
      throws SQLException {
    String user = minted.path("data").path("username").asString("");
    DatabaseSettings login =
        CrashingBroker.database(SETTINGS, "target")
            .as(user, new Secret(minted.path("data").path("password").asString("")));
    try (Connection connection = Database.connect(login)) {
      connection.setAutoCommit(false);
      Refunds.run(connection, "ALTER ROLE " + user + " PASSWORD 'mine'");
      send(base, "/v1/sys/leases/revoke", StrictJson.object().put("lease_id", lease));
    }
  }

  private static WireClient.Answer send(URI base, String path, @Nullable ObjectNode body) {
    InstantSource clock = new CrashingBroker.Clock();
    Map<String, String> headers = new HashMap<>();
    headers.put(
        PresenterAssertion.HEADER,
        new PresenterAssertion.Maker("gateway", GATEWAY_KEY, clock)
            .assertion(CrashingBroker.BROKER.toString()));
    headers.put("X-Vault-Token", token(clock.instant()));
    if (body != null) {
      headers.put("Content-Type", "application/json");
    }
    return CLIENT.send(
        "POST",
        URI.create(base + path),
        headers,
        body == null ? null : StrictJson.write(body),
        PATIENCE);
  }

  private static String token(Instant now) {
    ObjectNode claims =
        StrictJson.object()
            .put("iss", CrashingBroker.ISSUER)
            .put("sub", "entra|" + Ids.random())
            .put("aud", CrashingBroker.GATEWAY)
            .put("client_id", "gateway")
            .put("iat", now.getEpochSecond())
            .put("exp", now.plusSeconds(60).getEpochSecond())
            .put("jti", Ids.random());
    claims.putObject("act").put("sub", "gateway");
    claims.putArray("authorization_details").add(Refunds.refund(Refunds.CASE, 8000));
    return new JwtSigner(STS_KEY).sign("at+jwt", claims);
  }

  /// `kill -9` of the server's first process, whose children follow; then a start over what is
  /// left.
  private static void killPostgres() throws Exception {
    Path pointer = folder.resolve("cluster-location");
    Path cluster =
        Files.exists(pointer)
            ? Path.of(Files.readString(pointer).strip())
            : folder.resolve("postgres");
    long pid = Long.parseLong(Files.readAllLines(cluster.resolve("postmaster.pid")).getFirst());
    ProcessHandle server = ProcessHandle.of(pid).orElseThrow();
    List<ProcessHandle> all = Stream.concat(Stream.of(server), server.descendants()).toList();
    all.forEach(ProcessHandle::destroyForcibly);
    for (ProcessHandle each : all) {
      each.onExit().get(30, TimeUnit.SECONDS);
    }
    postgres.close();
    postgres = EmbeddedPostgres.start(folder);
    address.moveTo(port());
  }

  private static void recoverItself(Process broker, BufferedReader said) throws IOException {
    tell(broker, "go");
    String state;
    do {
      tell(broker, "sweep");
      state = until(said, "SWEPT");
    } while (!state.equals("SWEPT 0 0"));
  }

  private static void tell(Process broker, String command) throws IOException {
    broker.getOutputStream().write((command + "\n").getBytes(StandardCharsets.UTF_8));
    broker.getOutputStream().flush();
  }

  private static void recoverByAnother() throws Exception {
    var clock = new CrashingBroker.Clock();
    clock.pass(Duration.ofMinutes(10));
    try (Database state = Database.open("broker", CrashingBroker.database(SETTINGS, "state"), 8);
        BrokerBox another = CrashingBroker.start(SETTINGS, state, clock, FaultPoint.Hook.NONE)) {
      assertThat(leftAfterASweep(another)).isZero();
    }
  }

  // A server that was killed may still be recovering; each attempt waits for it by itself.
  private static long leftAfterASweep(BrokerBox broker) {
    for (int attempt = 1; ; attempt++) {
      try {
        broker.sweeper().sweep();
        return broker.sweeper().orphans() + broker.sweeper().overdue();
      } catch (UnavailableException recovering) {
        if (attempt == 20) {
          throw recovering;
        }
      }
    }
  }
}
