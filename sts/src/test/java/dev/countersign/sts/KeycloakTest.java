package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.Counterparts;
import dev.countersign.box.IssuerKeys;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.RemoteKeySet;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.sts.World.Answer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// A real Keycloak: a person signs in there with a real browser, the token is exchanged here, the
/// session is ended there, and the exchange is refused.
@Tag("slow")
class KeycloakTest {
  private static final String TYPE = "urn:keycloak:token-type:user-jwt";
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration START = Duration.ofMinutes(5);
  private static final WireClient WIRE = new WireClient();
  @TempDir private static Path home;
  private static Process keycloak;
  private static String base;
  private static World world;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    Path distribution = Counterparts.keycloak();
    Counterparts.chromium();
    for (String part : List.of("lib", "providers", "themes", "conf")) {
      Files.createSymbolicLink(home.resolve(part), distribution.resolve(part));
    }
    Path realm = Files.createDirectories(home.resolve("data/import")).resolve("staff-realm.json");
    try (var resource = KeycloakTest.class.getResourceAsStream("/counterparts/staff-realm.json")) {
      Files.write(realm, Objects.requireNonNull(resource).readAllBytes());
    }
    base = "http://127.0.0.1:" + World.freePort();
    keycloak = launch();
    awaitReady();
    world = new World(List.of(anchor()));
    world.now.set(Instant.now());
  }

  private static Process launch() throws IOException {
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
            "--cache=local",
            "--import-realm");
    command.environment().put("KC_BOOTSTRAP_ADMIN_USERNAME", "admin");
    command.environment().put("KC_BOOTSTRAP_ADMIN_PASSWORD", "admin of a test");
    return command
        .redirectErrorStream(true)
        .redirectOutput(home.resolve("keycloak.log").toFile())
        .start();
  }

  private static void awaitReady() throws IOException, InterruptedException {
    Instant end = Instant.now().plus(START);
    while (!isReady()) {
      if (keycloak.waitFor(1, TimeUnit.SECONDS) || Instant.now().isAfter(end)) {
        throw new AssertionError(Files.readString(home.resolve("keycloak.log")));
      }
    }
  }

  private static boolean isReady() {
    try {
      return WIRE.get(
                  URI.create(base + "/realms/staff/.well-known/openid-configuration"),
                  Map.of(),
                  PATIENCE)
              .status()
          == 200;
    } catch (WireClient.WireFailure notYet) {
      return false;
    }
  }

  @AfterAll
  static void stop() throws InterruptedException {
    if (world != null) {
      world.close();
    }
    if (keycloak != null) {
      keycloak.destroy();
      if (!keycloak.waitFor(30, TimeUnit.SECONDS)) {
        keycloak.destroyForcibly();
      }
    }
  }

  @Test
  void C16_aSessionThatEndedAtTheProviderExchangesNothingMore() {
    ObjectNode signedIn = signIn();
    String token = signedIn.path("access_token").stringValue();

    Answer before = exchange(token);
    assertThat(before.status()).as(before.body()).isEqualTo(200);
    String subject = World.claims(token).path("sub").stringValue();
    ObjectNode obo = World.claims(before.text("access_token"));
    assertThat(obo.path("sub").stringValue()).isEqualTo("keycloak|" + subject);
    assertThat(obo.path("auth_time")).isEqualTo(World.claims(token).path("auth_time"));
    assertThat(exchange(signedIn.path("id_token").stringValue()).text("error"))
        .as("A14: the ID token of the same sign-in")
        .isEqualTo("invalid_request");

    endSessions(subject);

    Answer after = exchange(token);
    assertThat(after.status()).isEqualTo(400);
    assertThat(after.text("error_description")).contains("not active");
    assertThat(world.userInfo(token).status()).isEqualTo(401);
  }

  private static ObjectNode signIn() {
    return NodeProgram.run(
        "sign-in.mjs",
        StrictJson.object()
            .put("issuer", base + "/realms/staff")
            .put("client", "console")
            .put("callback", "http://127.0.0.1/callback")
            .put("chromium", Counterparts.chromium().toString())
            .put("user", "lena")
            .put("password", "correct horse"));
  }

  private static Answer exchange(String token) {
    var form = world.exchangeForm(token, World.refund(100));
    form.put("subject_token_type", TYPE);
    return world.post(form);
  }

  /// What an administrator does, or the receiver on a signal.
  private static void endSessions(String subject) {
    WireClient.Answer admin =
        WIRE.postForm(
            URI.create(base + "/realms/master/protocol/openid-connect/token"),
            Map.of(),
            Map.of(
                "grant_type", "password",
                "client_id", "admin-cli",
                "username", "admin",
                "password", "admin of a test"),
            PATIENCE);
    String bearer = StrictJson.parseObject(admin.body()).path("access_token").stringValue();
    WireClient.Answer ended =
        WIRE.send(
            "POST",
            URI.create(base + "/admin/realms/staff/users/" + subject + "/logout"),
            Map.of("Authorization", "Bearer " + bearer),
            null,
            PATIENCE);
    assertThat(ended.status()).isEqualTo(204);
  }

  private static Anchor anchor() {
    String issuer = base + "/realms/staff";
    AnchorPreset preset = AnchorPreset.KEYCLOAK;
    return new Anchor(
        "keycloak",
        TYPE,
        new JwtRules(
            issuer,
            Set.of("refunds"),
            Set.of("account", "sts"),
            preset.shape().types(),
            preset.shape().algorithms(),
            Duration.ofSeconds(30),
            Duration.ZERO),
        new Anchor.Demands(
            preset.equal(Map.of()), preset.shape().present(), Set.of("console"), false),
        new Anchor.Claims(
            preset.shape().subject(),
            preset.shape().mail(),
            preset.shape().phone(),
            Map.of("refund_limit", "refund_limit")),
        new IssuerKeys(
            IssuerKeys.Place.Discovered.of(issuer, Set.of()),
            Set.of("127.0.0.1"),
            null,
            RemoteKeySet.OUTAGE_LIMIT),
        new Introspection(
            URI.create(issuer + preset.shape().introspection()),
            "sts",
            new Secret("introspect-me"),
            Introspection.Scope.EVERY));
  }
}
