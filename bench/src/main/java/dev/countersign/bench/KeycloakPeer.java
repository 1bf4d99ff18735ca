package dev.countersign.bench;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.FreePort;
import dev.countersign.box.KeyFiles;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/// Keycloak in production mode on a PostgreSQL of its own, with one realm that signs ES256, people
/// who are signed in, and a client that may use its standard token exchange with `private_key_jwt`.
final class KeycloakPeer implements AutoCloseable {
  private static final String ADMIN = "admin";
  private static final String CLIENT = "gateway";
  private static final String PEOPLE_PASSWORD = "correct horse battery";
  private static final int PEOPLE = 50;
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final String ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

  private final Path folder;
  private final EmbeddedPostgres postgres;
  private final Process server;
  private final URI base;
  private final ECKey clientKey = KeyFiles.newEc();
  private final HttpClient http = HttpClient.newHttpClient();
  private final String adminPassword;
  private List<String> subjectTokens = List.of();

  private KeycloakPeer(
      Path folder, EmbeddedPostgres postgres, Process server, URI base, String adminPassword) {
    this.folder = folder;
    this.postgres = postgres;
    this.server = server;
    this.base = base;
    this.adminPassword = adminPassword;
  }

  /// Starts it and signs everybody in.
  ///
  /// @param distribution an unpacked distribution; it is copied, not changed
  static KeycloakPeer open(Path distribution) throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("countersign-keycloak-");
    EmbeddedPostgres postgres = EmbeddedPostgres.start(folder.resolve("data"));
    Path home = folder.resolve("keycloak");
    Path log = folder.resolve("keycloak.log");
    run(log, List.of("cp", "-a", distribution.toRealPath().toString(), home.toString()));
    makeDatabase(postgres.superuser());
    DatabaseSettings database = postgres.superuser().database("keycloak");
    String script = home.resolve("bin").resolve("kc.sh").toString();
    run(log, List.of(script, "build", "--db=postgres"));
    int port = FreePort.any();
    String password = Ids.base62(24);
    var command =
        List.of(
            script,
            "start",
            "--optimized",
            "--http-enabled=true",
            "--http-host=127.0.0.1",
            "--http-port=" + port,
            "--hostname=http://127.0.0.1:" + port,
            "--cache=local",
            "--log-level=warn");
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("KC_BOOTSTRAP_ADMIN_USERNAME", ADMIN);
    builder.environment().put("KC_BOOTSTRAP_ADMIN_PASSWORD", password);
    builder.environment().put("KC_DB_URL", database.url());
    builder.environment().put("KC_DB_USERNAME", database.user());
    builder.environment().put("KC_DB_PASSWORD", database.password().reveal());
    var peer =
        new KeycloakPeer(
            folder, postgres, builder.start(), URI.create("http://127.0.0.1:" + port), password);
    try {
      peer.waitUntilUp(log);
      peer.makeRealm();
      peer.signIn();
      return peer;
    } catch (IOException | InterruptedException | RuntimeException failed) {
      peer.close();
      throw failed;
    }
  }

  private static void run(Path log, List<String> command) throws IOException, InterruptedException {
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    if (builder.start().waitFor() != 0) {
      throw new IOException(command.getFirst() + " failed: " + lastLine(log));
    }
  }

  private static String lastLine(Path log) throws IOException {
    List<String> lines = Files.readAllLines(log);
    return lines.isEmpty() ? "it said nothing" : lines.getLast();
  }

  private static void makeDatabase(DatabaseSettings superuser) throws IOException {
    try (var connection = Database.connect(superuser);
        var statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE keycloak");
    } catch (SQLException failed) {
      throw new IOException("no database for Keycloak", failed);
    }
  }

  private void waitUntilUp(Path log) throws IOException, InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < end) {
      if (!server.isAlive()) {
        throw new IOException("Keycloak ended: " + lastLine(log));
      }
      try {
        var request = HttpRequest.newBuilder(base.resolve("/realms/master")).build();
        if (http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
          return;
        }
      } catch (IOException notYet) {
        // It does not listen yet.
      }
      TimeUnit.MILLISECONDS.sleep(300);
    }
    throw new IOException("Keycloak did not start in time: " + lastLine(log));
  }

  private void makeRealm() throws IOException, InterruptedException {
    ObjectNode realm =
        StrictJson.object()
            .put("realm", "bench")
            .put("enabled", true)
            .put("sslRequired", "none")
            .put("defaultSignatureAlgorithm", "ES256")
            .put("accessTokenLifespan", 7_200)
            .put("ssoSessionMaxLifespan", 36_000);
    var users = realm.putArray("users");
    for (int i = 0; i < PEOPLE; i++) {
      ObjectNode user = users.addObject().put("username", "p" + i).put("enabled", true);
      user.put("email", "p" + i + "@bench.example").put("emailVerified", true);
      user.put("firstName", "Person").put("lastName", "Number " + i);
      user.putArray("credentials")
          .addObject()
          .put("type", "password")
          .put("value", PEOPLE_PASSWORD)
          .put("temporary", false);
    }
    var clients = realm.putArray("clients");
    ObjectNode console =
        clients
            .addObject()
            .put("clientId", "console")
            .put("publicClient", true)
            .put("directAccessGrantsEnabled", true);
    console
        .putArray("protocolMappers")
        .addObject()
        .put("name", "audience")
        .put("protocol", "openid-connect")
        .put("protocolMapper", "oidc-audience-mapper")
        .putObject("config")
        .put("included.client.audience", CLIENT)
        .put("access.token.claim", "true");
    clients
        .addObject()
        .put("clientId", CLIENT)
        .put("publicClient", false)
        .put("standardFlowEnabled", false)
        .put("clientAuthenticatorType", "client-jwt")
        .putObject("attributes")
        .put("standard.token.exchange.enabled", "true")
        .put("token.endpoint.auth.signing.alg", "ES256")
        .put("use.jwks.string", "true")
        .put("jwks.string", StrictJson.write(KeyFiles.publicSet(List.of(clientKey))));
    String token =
        token(
            "master",
            "grant_type=password&client_id=admin-cli&username="
                + ADMIN
                + "&password="
                + adminPassword);
    var request =
        HttpRequest.newBuilder(base.resolve("/admin/realms"))
            .header("Authorization", "Bearer " + token)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(StrictJson.write(realm)))
            .build();
    var answer = http.send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 201) {
      throw new IOException("Keycloak did not take the realm: " + answer.body());
    }
  }

  private void signIn() throws IOException, InterruptedException {
    var tokens = new ArrayList<String>();
    for (int i = 0; i < PEOPLE; i++) {
      tokens.add(
          token(
              "bench",
              "grant_type=password&client_id=console&username=p"
                  + i
                  + "&password="
                  + encoded(PEOPLE_PASSWORD)));
    }
    subjectTokens = List.copyOf(tokens);
  }

  private String token(String realm, String form) throws IOException, InterruptedException {
    var request =
        HttpRequest.newBuilder(base.resolve("/realms/" + realm + "/protocol/openid-connect/token"))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(form))
            .build();
    var answer = http.send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new IOException("Keycloak signs nobody in: " + answer.body());
    }
    return StrictJson.parseObject(answer.body()).path("access_token").stringValue();
  }

  /// Exchange requests, each with an assertion of its own.
  List<byte[]> make(int count) {
    URI issuer = base.resolve("/realms/bench");
    URI endpoint = URI.create(issuer + "/protocol/openid-connect/token");
    var maker = new PresenterAssertion.Maker(CLIENT, clientKey, InstantSource.system());
    return IntStream.range(0, count)
        .parallel()
        .mapToObj(i ->
            RawConnection.post(
                endpoint,
                "grant_type="
                    + encoded("urn:ietf:params:oauth:grant-type:token-exchange")
                    + "&subject_token="
                    + subjectTokens.get(i % subjectTokens.size())
                    + "&subject_token_type="
                    + encoded(ACCESS_TOKEN)
                    + "&requested_token_type="
                    + encoded(ACCESS_TOKEN)
                    + "&client_assertion_type="
                    + encoded("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
                    + "&client_assertion="
                    + maker.assertion(issuer.toString())))
        .toList();
  }

  URI address() {
    return base;
  }

  /// Processor seconds of Keycloak, without PostgreSQL's.
  double cpuSeconds() {
    return Stream.concat(Stream.of(server.toHandle()), server.descendants())
        .mapToDouble(handle ->
            handle.info().totalCpuDuration().map(spent -> spent.toNanos() / 1e9).orElse(0.0))
        .sum();
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.US_ASCII);
  }

  @Override
  public void close() throws IOException {
    server.descendants().forEach(ProcessHandle::destroy);
    server.destroy();
    try {
      server.waitFor(30, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    http.close();
    postgres.close();
    EmbeddedPostgres.delete(folder.resolve("data")); // as root the cluster lies elsewhere
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /// Where the distribution lies; fetched if it is not there yet.
  static Path distribution(Path home) throws IOException, InterruptedException {
    return Fetched.by(home, "keycloak").program("keycloak");
  }
}
