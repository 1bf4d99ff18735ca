package dev.countersign.bench;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.FreePort;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.box.postgres.StateDatabase;
import dev.countersign.ledger.LedgerReader;
import dev.countersign.ledger.postgres.PgLedgerReader;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.config.Installation;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A throw-away installation for the kill benchmark: one PostgreSQL, an identity provider, and
/// three replicas of all boxes, each a process of its own. The addresses in tokens are those of the
/// first replica; every other one is called where it listens.
final class KillStage implements AutoCloseable {
  static final int REPLICAS = 3;

  private static final List<String> BOXES =
      List.of("STS", "BROKER", "GATEWAY", "TRANSMITTER", "RECEIVER");
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final String DETAILS =
      "[{\"type\":\"urn:smt:agent:case\",\"operationDetails\":{\"action\":\"list_cases\"}}]";

  private final Path folder;
  private final Deque<Closeable> parts;
  private final List<Map<String, Integer>> listening = new ArrayList<>();
  private final InstantSource clock = InstantSource.system();
  private final WireClient client = new WireClient();
  private final BenchProvider provider;
  private final EmbeddedPostgres postgres;
  private final Installation installation;
  private final PgLedgerReader ledger;

  /// @param parts takes what is started, so that it is stopped even if the rest does not start
  private KillStage(Path folder, Deque<Closeable> parts) throws IOException {
    this.folder = folder;
    this.parts = parts;
    provider = BenchProvider.start(clock);
    parts.push(provider::close);
    postgres = EmbeddedPostgres.start(folder.resolve("postgres"));
    parts.push(postgres::close);
    Path config = folder.resolve("countersign.yaml");
    try (InputStream text = KillStage.class.getResourceAsStream("kill.yaml")) {
      Files.copy(Objects.requireNonNull(text), config);
    }
    for (int replica = 0; replica < REPLICAS; replica++) {
      listening.add(BOXES.stream().collect(Collectors.toMap(box -> box, _ -> FreePort.any())));
    }
    installation = Installation.read(config, variables(0));
    for (int replica = 0; replica < REPLICAS; replica++) {
      var arguments = new ArrayList<String>(List.of(config.toString()));
      variables(replica).forEach((name, value) -> arguments.add(name + "=" + value));
      ChildProcess process =
          ChildProcess.start(List.of(), KillReplica.class, arguments.toArray(String[]::new));
      parts.push(process::close);
    }
    DatabaseSettings auditor =
        StateDatabase.provision(
                postgres.superuser(), installation.data().resolve("secrets"), Installation.BOXES)
            .auditor();
    Database database = Database.open("bench", auditor, 1);
    parts.push(database::close);
    ledger = new PgLedgerReader(database.dataSource());
  }

  /// Starts everything.
  static KillStage open() throws IOException {
    Path folder = Files.createTempDirectory("countersign-bench-");
    var parts = new ArrayDeque<Closeable>();
    try {
      return new KillStage(folder, parts);
    } catch (IOException | RuntimeException failed) {
      close(folder, parts);
      throw failed;
    }
  }

  private Map<String, String> variables(int replica) {
    var variables = new HashMap<String, String>();
    variables.put("COUNTERSIGN_DATA", folder.resolve("data").toString());
    variables.put("POSTGRES_DATA", folder.resolve("postgres").toString());
    variables.put("POSTGRES_URL", postgres.superuser().url());
    variables.put("EXAMPLE", ExchangeStage.home().resolve("examples/refunds").toString());
    variables.put("IDP", provider.address());
    for (String box : BOXES) {
      variables.put(box + "_PORT", String.valueOf(listening.getFirst().get(box)));
      variables.put(box + "_LISTEN", String.valueOf(listening.get(replica).get(box)));
    }
    return Map.copyOf(variables);
  }

  BenchProvider provider() {
    return provider;
  }

  LedgerReader ledger() {
    return ledger;
  }

  /// Exchanges a person's token at a replica.
  ///
  /// @return the on-behalf-of token
  Secret exchange(int replica, String subjectToken) {
    String issuer = installation.sts().issuer().toString();
    var form = new HashMap<String, String>();
    form.put("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
    form.put("subject_token", subjectToken);
    form.put("subject_token_type", "urn:bench:token-type:user-jwt");
    form.put("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    form.put("client_assertion", proof("gateway", issuer));
    form.put("scope", "case:read");
    form.put("resource", installation.gateway().resource().toString());
    form.put("authorization_details", DETAILS);
    String body =
        form.entrySet().stream()
            .map(field ->
                field.getKey() + "=" + URLEncoder.encode(field.getValue(), StandardCharsets.UTF_8))
            .collect(Collectors.joining("&"));
    WireClient.Answer answer =
        client.send(
            "POST",
            at(replica, "STS", "/oauth2/token"),
            Map.of("Content-Type", "application/x-www-form-urlencoded"),
            body,
            TIMEOUT);
    return new Secret(said(answer, 200).path("access_token").stringValue());
  }

  /// Has a login minted at a replica and connects with it.
  Connection connect(int replica, Secret onBehalfOf) throws SQLException {
    WireClient.Answer answer =
        client.send(
            "POST",
            at(replica, "BROKER", "/v1/verify-rar/creds/refunds"),
            Map.of(
                "X-Vault-Token",
                onBehalfOf.reveal(),
                PresenterAssertion.HEADER,
                proof("gateway", installation.broker().orElseThrow().baseUri().toString())),
            null,
            TIMEOUT);
    JsonNode login = said(answer, 200).path("data");
    return Database.connect(
        postgres
            .superuser()
            .database("refunds")
            .as(
                login.path("username").stringValue(),
                new Secret(login.path("password").stringValue())));
  }

  /// What a replica's userinfo answers to a token.
  int userInfo(int replica, Secret token) {
    return client
        .send(
            "GET",
            at(replica, "STS", "/oauth2/userinfo"),
            Map.of("Authorization", "Bearer " + token.reveal()),
            null,
            TIMEOUT)
        .status();
  }

  /// An operator's kill at a replica.
  ///
  /// @return its transaction in the ledger
  String kill(int replica, String subject) {
    ObjectNode body = StrictJson.object().put("sub", subject).put("reason", "a benchmark");
    WireClient.Answer answer =
        client.send(
            "POST",
            at(replica, "STS", "/v1.0/auth/kills"),
            Map.of(
                PresenterAssertion.HEADER,
                proof("operator", installation.sts().issuer().toString()),
                "Content-Type",
                "application/json"),
            StrictJson.write(body),
            TIMEOUT);
    return said(answer, 201).path("txn").stringValue();
  }

  private String proof(String workload, String audience) {
    return new PresenterAssertion.Maker(workload, installation.keys().own(workload), clock)
        .assertion(audience);
  }

  private URI at(int replica, String box, String path) {
    return URI.create("http://127.0.0.1:" + listening.get(replica).get(box) + path);
  }

  private static ObjectNode said(WireClient.Answer answer, int expected) {
    if (answer.status() != expected) {
      throw new IllegalStateException(
          "answered " + answer.status() + ": " + new String(answer.body(), StandardCharsets.UTF_8));
    }
    return StrictJson.parseObject(answer.body());
  }

  @Override
  public void close() throws IOException {
    close(folder, parts);
  }

  private static void close(Path folder, Deque<Closeable> parts) throws IOException {
    while (!parts.isEmpty()) {
      parts.pop().close();
    }
    EmbeddedPostgres.delete(folder.resolve("postgres")); // as root the cluster lies elsewhere
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
