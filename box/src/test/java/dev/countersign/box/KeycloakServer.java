package dev.countersign.box;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// One real Keycloak for every test of this JVM, with its data in memory; it ends with the JVM.
/// Tests bring realms of their own, so that they do not meet.
public final class KeycloakServer {
  public static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration START = Duration.ofMinutes(5);
  private static final String PASSWORD = "admin of a test";
  private static final WireClient WIRE = new WireClient();
  private static @Nullable KeycloakServer shared;

  private final Process process;
  private final Path log;

  /// Its address, such as `http://127.0.0.1:23456`.
  public final String base;

  private KeycloakServer(Path distribution) throws IOException {
    Path home = Files.createTempDirectory("countersign-keycloak");
    for (String part : List.of("lib", "providers", "themes", "conf")) {
      Files.createSymbolicLink(home.resolve(part), distribution.resolve(part));
    }
    log = home.resolve("keycloak.log");
    base = "http://127.0.0.1:" + FreePort.any();
    process = launch(home);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(home)));
  }

  /// The running server. The test is skipped, with the reason, where Keycloak is missing.
  public static synchronized KeycloakServer shared() {
    KeycloakServer known = shared;
    if (known == null) {
      try {
        known = new KeycloakServer(Counterparts.keycloak());
        known.awaitReady();
        shared = known;
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(interrupted);
      }
    }
    return known;
  }

  /// Adds a realm of the test resources and returns its issuer.
  public String realm(String resource) {
    try (var json = KeycloakServer.class.getResourceAsStream("/counterparts/" + resource)) {
      return realm(
          StrictJson.parseObject(new String(Objects.requireNonNull(json).readAllBytes(), UTF_8)));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /// Adds a realm and returns its issuer.
  public String realm(ObjectNode realm) {
    WireClient.Answer answer = admin("POST", "/admin/realms", realm);
    if (answer.status() != 201) {
      throw new AssertionError("the realm was not taken: " + answer.status() + " " + answer.text());
    }
    return base + "/realms/" + realm.path("realm").stringValue();
  }

  /// Sends what an administrator of Keycloak sends.
  public WireClient.Answer admin(String method, String path, @Nullable ObjectNode body) {
    WireClient.Answer login =
        WIRE.postForm(
            URI.create(base + "/realms/master/protocol/openid-connect/token"),
            Map.of(),
            Map.of(
                "grant_type", "password",
                "client_id", "admin-cli",
                "username", "admin",
                "password", PASSWORD),
            PATIENCE);
    String bearer = StrictJson.parseObject(login.body()).path("access_token").stringValue();
    return WIRE.send(
        method,
        URI.create(base + path),
        Map.of("Authorization", "Bearer " + bearer, "Content-Type", "application/json"),
        body == null ? null : StrictJson.write(body),
        PATIENCE);
  }

  private Process launch(Path home) throws IOException {
    var command =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dkc.home.dir=" + home,
            "-Djboss.server.config.dir=" + home.resolve("conf"),
            "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
            "-Dpicocli.disable.closures=true",
            "-cp",
            home.resolve("lib/quarkus-run.jar").toString(),
            "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
            "start",
            "--optimized",
            "--http-enabled=true",
            "--http-host=127.0.0.1",
            "--http-port=" + URI.create(base).getPort(),
            "--hostname=" + base,
            "--cache=local");
    command.environment().put("KC_BOOTSTRAP_ADMIN_USERNAME", "admin");
    command.environment().put("KC_BOOTSTRAP_ADMIN_PASSWORD", PASSWORD);
    return command.redirectErrorStream(true).redirectOutput(log.toFile()).start();
  }

  private void awaitReady() throws IOException, InterruptedException {
    Instant end = Instant.now().plus(START);
    while (!isReady()) {
      if (process.waitFor(200, TimeUnit.MILLISECONDS) || Instant.now().isAfter(end)) {
        throw new AssertionError(Files.readString(log));
      }
    }
  }

  private boolean isReady() {
    URI document = URI.create(base + "/realms/master/.well-known/openid-configuration");
    try {
      return WIRE.get(document, Map.of(), PATIENCE).status() == 200;
    } catch (WireClient.WireFailure notYet) {
      return false;
    }
  }

  private void stop(Path home) {
    process.destroyForcibly();
    try (var files = Files.walk(home)) {
      process.waitFor();
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException leftBehind) {
      // A folder of the machine's own temporary ones.
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
