package dev.countersign.broker.box;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.countersign.box.Counterparts;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.http.client.SimpleClientHttpRequestFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.vault.VaultException;
import org.springframework.vault.authentication.AuthenticationSteps;
import org.springframework.vault.authentication.AuthenticationStepsExecutor;
import org.springframework.vault.authentication.LifecycleAwareSessionManager;
import org.springframework.vault.client.VaultClients;
import org.springframework.vault.client.VaultEndpoint;
import org.springframework.vault.core.VaultTemplate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a Vault client may expect, of ours as of theirs: extend it and name a place that is set up
/// with the role [Place#role] at `auth/jwt` and `database`, its leases renewable to ten minutes.
abstract class VaultContract {
  private static final Set<String> ENVELOPE =
      Set.of(
          "request_id",
          "lease_id",
          "renewable",
          "lease_duration",
          "data",
          "wrap_info",
          "warnings",
          "auth");
  private static final Set<String> AUTH =
      Set.of(
          "client_token",
          "accessor",
          "policies",
          "token_policies",
          "metadata",
          "lease_duration",
          "renewable",
          "entity_id",
          "token_type",
          "orphan",
          "mfa_requirement",
          "num_uses");

  private final WireClient client = new WireClient();

  /// Where the contract is to hold.
  abstract Place place();

  /// A Vault and what it makes logins in.
  interface Place {
    URI address();

    String role();

    /// Where its logins connect to.
    DatabaseSettings database();

    /// A fresh token that the role's login accepts.
    String jwt();
  }

  private Vault.Answer send(
      String method, String path, Map<String, String> headers, @Nullable ObjectNode body) {
    var all = new HashMap<>(headers);
    if (body != null) {
      all.put("Content-Type", "application/json");
    }
    WireClient.Answer answer =
        client.send(
            method,
            URI.create(place().address() + "/v1/" + path),
            all,
            body == null ? null : StrictJson.write(body),
            Duration.ofSeconds(30));
    return new Vault.Answer(answer.status(), answer.text());
  }

  private Vault.Answer send(String method, String path, String token, @Nullable ObjectNode body) {
    return send(method, path, Map.of("X-Vault-Token", token), body);
  }

  private Vault.Answer login(String jwt) {
    return send(
        "POST",
        "auth/jwt/login",
        Map.of(),
        StrictJson.object().put("role", place().role()).put("jwt", jwt));
  }

  private String session() {
    return login(place().jwt()).token();
  }

  private ObjectNode mint(String session) {
    Vault.Answer answer = send("GET", "database/creds/" + place().role(), session, null);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.json();
  }

  private static ObjectNode lease(ObjectNode minted) {
    return StrictJson.object().put("lease_id", minted.path("lease_id").stringValue());
  }

  private void assertConnects(JsonNode data) {
    DatabaseSettings login = login(data);
    assertThatCode(() -> Refunds.connect(login).close()).doesNotThrowAnyException();
  }

  private void assertIsGone(JsonNode data) {
    DatabaseSettings login = login(data);
    assertThatThrownBy(() -> Refunds.connect(login)).isInstanceOf(SQLException.class);
  }

  private boolean connects(JsonNode data) {
    try {
      Refunds.connect(login(data)).close();
      return true;
    } catch (SQLException refused) {
      return false;
    }
  }

  private DatabaseSettings login(JsonNode data) {
    return place()
        .database()
        .as(data.path("username").stringValue(), new Secret(data.path("password").stringValue()));
  }

  @Test
  void answersALoginWithASessionInTheEnvelope() {
    ObjectNode answer = login(place().jwt()).json();

    assertThat(answer.propertyNames()).containsAll(ENVELOPE);
    assertThat(answer.path("data").isNull()).isTrue();
    assertThat(answer.path("auth").propertyNames()).containsAll(AUTH);
    assertThat(answer.path("auth").path("token_type").stringValue()).isEqualTo("service");
  }

  @Test
  void refusesALoginWithoutRoleTokenOrRight() {
    for (ObjectNode body :
        List.of(
            StrictJson.object().put("jwt", "x.y.z"),
            StrictJson.object().put("role", place().role()),
            StrictJson.object().put("role", place().role()).put("jwt", "x.y.z"),
            StrictJson.object().put("role", "there-is-none").put("jwt", "x.y.z"))) {
      Vault.Answer answer = send("PUT", "auth/jwt/login", Map.of(), body);

      assertThat(answer.status()).as(body.propertyNames().toString()).isEqualTo(400);
      assertThat(answer.json().propertyNames()).containsExactly("errors");
      assertThat(answer.json().path("errors").size()).isPositive();
    }
  }

  @Test
  void mintsACredentialUnderALeaseOfTheRequestsPath() {
    ObjectNode minted = mint(session());

    assertThat(minted.propertyNames()).containsAll(ENVELOPE);
    assertThat(minted.path("lease_id").stringValue())
        .matches("database/creds/" + place().role() + "/[0-9A-Za-z]{24}");
    assertThat(minted.path("renewable").booleanValue()).isTrue();
    assertThat(minted.path("lease_duration").intValue()).isBetween(290, 300);
    assertThat(minted.path("auth").isNull()).isTrue();
    assertConnects(minted.path("data"));
  }

  @Test
  void looksALeaseUp() {
    String session = session();
    ObjectNode minted = mint(session);

    ObjectNode told = send("PUT", "sys/leases/lookup", session, lease(minted)).json();

    assertThat(told.path("data").propertyNames())
        .contains("id", "issue_time", "expire_time", "last_renewal", "renewable", "ttl");
    assertThat(told.path("data").path("id")).isEqualTo(minted.path("lease_id"));
    assertThat(told.path("data").path("last_renewal").isNull()).isTrue();
    assertThat(told.path("data").path("ttl").intValue()).isBetween(290, 300);
  }

  @Test
  void renewsALeaseUpToItsLongestTime() {
    String session = session();
    ObjectNode minted = mint(session);

    ObjectNode renewed =
        send("PUT", "sys/leases/renew", session, lease(minted).put("increment", 400)).json();
    ObjectNode most =
        send("POST", "sys/leases/renew", session, lease(minted).put("increment", 90_000)).json();

    assertThat(renewed.path("lease_id")).isEqualTo(minted.path("lease_id"));
    assertThat(renewed.path("lease_duration").intValue()).isBetween(390, 400);
    assertThat(most.path("lease_duration").intValue()).isBetween(580, 600);
    assertConnects(minted.path("data"));
  }

  @Test
  void revokesALeaseAndItsLoginIsGoneWhenTheAnswerComes() {
    String session = session();
    ObjectNode minted = mint(session);

    Vault.Answer answer =
        send("PUT", "sys/leases/revoke", session, lease(minted).put("sync", true));

    assertThat(answer.status()).isEqualTo(204);
    assertThat(answer.text()).isEmpty();
    assertIsGone(minted.path("data"));
    assertThat(send("PUT", "sys/leases/lookup", session, lease(minted)).status()).isEqualTo(400);
  }

  @Test
  void takesARevocationOfALeaseThatNobodyKnowsForDone() {
    Vault.Answer answer =
        send(
            "PUT",
            "sys/leases/revoke",
            session(),
            StrictJson.object()
                .put("lease_id", "database/creds/nowhere/000000000000000000000000")
                .put("sync", true));

    assertThat(answer.status()).isEqualTo(204);
  }

  @Test
  void saysWhatAboutALeaseIsMissingOrUnknown() {
    String session = session();
    ObjectNode unknown =
        StrictJson.object().put("lease_id", "database/creds/nowhere/000000000000000000000000");

    assertThat(send("PUT", "sys/leases/lookup", session, unknown).text()).contains("invalid lease");
    assertThat(send("PUT", "sys/leases/renew", session, unknown).text())
        .contains("lease not found");
    for (String path : List.of("lookup", "renew", "revoke")) {
      Vault.Answer answer = send("PUT", "sys/leases/" + path, session, StrictJson.object());
      assertThat(answer.status()).as(path).isEqualTo(400);
      assertThat(answer.text()).contains("lease_id must be specified");
    }
  }

  @Test
  void tellsRenewsAndEndsASession() {
    String session = session();

    JsonNode told = send("GET", "auth/token/lookup-self", session, null).json().path("data");
    assertThat(told.propertyNames())
        .contains(
            "accessor",
            "creation_time",
            "creation_ttl",
            "display_name",
            "expire_time",
            "id",
            "issue_time",
            "meta",
            "num_uses",
            "orphan",
            "path",
            "policies",
            "renewable",
            "ttl",
            "type");
    assertThat(told.path("id").stringValue()).isEqualTo(session);
    assertThat(
            send(
                    "PUT",
                    "auth/token/renew-self",
                    session,
                    StrictJson.object().put("increment", "10m"))
                .json()
                .path("auth")
                .path("lease_duration")
                .intValue())
        .isBetween(590, 600);
    assertThat(send("POST", "auth/token/revoke-self", session, null).status()).isEqualTo(204);
    assertThat(send("GET", "auth/token/lookup-self", session, null).status()).isEqualTo(403);
  }

  @Test
  void endsTheLeasesOfASessionWithIt() {
    String session = session();
    ObjectNode minted = mint(session);

    send("POST", "auth/token/revoke-self", session, null);

    // Theirs ends leases soon afterwards, ours before the answer.
    assertTimeoutPreemptively(
        Duration.ofSeconds(60),
        () -> {
          while (connects(minted.path("data"))) {
            Thread.onSpinWait();
          }
        });
  }

  @Test
  void H10_wrapsAnAnswerAndOpensItOnce() {
    Vault.Answer wrapped =
        send(
            "GET",
            "database/creds/" + place().role(),
            Map.of("X-Vault-Token", session(), "X-Vault-Wrap-TTL", "120s"),
            null);
    JsonNode info = wrapped.json().path("wrap_info");
    assertThat(info.propertyNames())
        .contains("token", "accessor", "ttl", "creation_time", "creation_path");
    assertThat(info.path("ttl").intValue()).isEqualTo(120);
    assertThat(info.path("creation_path").stringValue())
        .isEqualTo("database/creds/" + place().role());
    assertThat(wrapped.json().path("data").isNull()).isTrue();
    String token = info.path("token").stringValue();

    ObjectNode opened = send("POST", "sys/wrapping/unwrap", token, null).json();

    assertConnects(opened.path("data"));
    assertThat(opened.path("lease_id").stringValue()).isNotEmpty();
    Vault.Answer again = send("POST", "sys/wrapping/unwrap", token, null);
    assertThat(again.status()).isEqualTo(400);
    assertThat(again.text()).contains("wrapping token is not valid or does not exist");
  }

  @Test
  void H15_refusesEverythingWithoutASession() {
    for (String path :
        List.of("database/creds/" + place().role(), "auth/token/lookup-self", "sys/mounts")) {
      for (String token : List.of("", "hvs.nobody")) {
        Vault.Answer answer =
            send("GET", path, token.isEmpty() ? Map.of() : Map.of("X-Vault-Token", token), null);

        assertThat(answer.status()).as(path).isEqualTo(403);
        assertThat(answer.text()).contains("permission denied");
      }
    }
  }

  @Test
  void takesTheTokenAsBearerToo() {
    assertThat(
            send(
                    "GET",
                    "auth/token/lookup-self",
                    Map.of("Authorization", "Bearer " + session()),
                    null)
                .status())
        .isEqualTo(200);
  }

  @Test
  void tellsItsHealthToEverybody() {
    Vault.Answer answer = send("GET", "sys/health", Map.of(), null);

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().path("initialized").booleanValue()).isTrue();
    assertThat(answer.json().path("sealed").booleanValue()).isFalse();
    assertThat(answer.json().path("standby").booleanValue()).isFalse();
    assertThat(send("GET", "sys/health?activecode=207", Map.of(), null).status()).isEqualTo(207);
    assertThat(send("HEAD", "sys/health", Map.of(), null).status()).isEqualTo(200);
  }

  @Test
  void servesNodeVaultAsItComes() {
    Path script = Path.of("..", "counterparts", "js", "vault-client.cjs").toAbsolutePath();
    assertServes(
        List.of(Counterparts.node().toString(), script.normalize().toString()),
        Map.of("NODE_PATH", Counterparts.js().resolve("node_modules").toString()));
  }

  @Test
  void servesHvacAsItComes() {
    Path script = Path.of("..", "counterparts", "python", "vault_client.py").toAbsolutePath();
    assertServes(
        List.of("python3", script.normalize().toString()),
        Map.of("PYTHONPATH", Counterparts.python().toString()));
  }

  @Test
  void servesTheCommandLineAsItComes() throws Exception {
    String session = session();
    JsonNode minted = cli(session, "read", "-format=json", "database/creds/" + place().role());
    String lease = minted.path("lease_id").stringValue();
    assertConnects(minted.path("data"));

    assertThat(
            cli(session, "token", "lookup", "-format=json").path("data").path("id").stringValue())
        .isEqualTo(session);
    assertThat(
            cli(session, "lease", "lookup", "-format=json", lease)
                .path("data")
                .path("id")
                .stringValue())
        .isEqualTo(lease);
    assertThat(
            cli(session, "lease", "renew", "-format=json", "-increment=400", lease)
                .path("lease_duration")
                .intValue())
        .isBetween(380, 400);
    cli(session, "lease", "revoke", "-sync", lease);
    assertIsGone(minted.path("data"));

    JsonNode wrapped =
        cli(
            "",
            "write",
            "-format=json",
            "-wrap-ttl=60s",
            "auth/jwt/login",
            "role=" + place().role(),
            "jwt=" + place().jwt());
    String token = wrapped.path("wrap_info").path("token").stringValue();
    assertThat(
            cli("", "unwrap", "-format=json", token)
                .path("auth")
                .path("client_token")
                .stringValue())
        .isNotEmpty();
    assertThatThrownBy(() -> cli("", "unwrap", "-format=json", token))
        .hasMessageContaining("wrapping token is not valid");
    assertThatThrownBy(() -> cli(session, "read", "sys/mounts"))
        .hasMessageContaining("permission denied");
  }

  /// What OpenBao's command line answers, which is Vault's with another name.
  private JsonNode cli(String token, String... arguments) throws Exception {
    var command = new ArrayList<String>(List.of(Counterparts.openbao().toString()));
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(n -> n.startsWith("VAULT_") || n.startsWith("BAO_"));
    builder.environment().put("BAO_ADDR", place().address().toString());
    builder.environment().put("BAO_TOKEN", token);
    builder.environment().put("HOME", System.getProperty("java.io.tmpdir"));
    Process process = builder.start();
    process.getOutputStream().close();
    String told = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException(told);
    }
    return told.startsWith("{") ? StrictJson.parseObject(told) : StrictJson.object();
  }

  private void assertServes(List<String> command, Map<String, String> environment) {
    var variables = new HashMap<>(environment);
    variables.put("VAULT_ADDR", place().address().toString());
    variables.put("VAULT_ROLE", place().role());
    variables.put("VAULT_JWT", place().jwt());

    Map<String, ObjectNode> told = VaultClient.run(command, variables, this::assertConnects);

    assertThat(told.keySet())
        .containsExactly(
            "bad-login",
            "login",
            "lookup-self",
            "renew-self",
            "minted",
            "lookup",
            "renew",
            "revoke",
            "lookup-revoked",
            "mount-list",
            "revoke-self",
            "after-end");
    assertIsGone(Objects.requireNonNull(told.get("minted")));
    assertThat(status(told, "bad-login")).isEqualTo(400);
    assertThat(status(told, "lookup-revoked")).isEqualTo(400);
    assertThat(status(told, "mount-list")).isEqualTo(403);
    assertThat(status(told, "after-end")).isEqualTo(403);
    assertThat(String.valueOf(told.get("after-end"))).contains("permission denied");
    assertThat(number(told, "renew", "lease_duration")).isBetween(380, 400);
    assertThat(number(told, "lookup", "ttl")).isPositive();
  }

  private static int status(Map<String, ObjectNode> told, String step) {
    return number(told, step, "status");
  }

  private static int number(Map<String, ObjectNode> told, String step, String member) {
    ObjectNode found = told.get(step);
    return found == null ? -1 : found.path(member).intValue();
  }

  @Test
  void servesSpringVaultAsItComes() throws Exception {
    VaultEndpoint endpoint = VaultEndpoint.from(place().address());
    var requests = new SimpleClientHttpRequestFactory();
    var rest = VaultClients.createRestTemplate(endpoint, requests);
    String jwt = place().jwt();
    String role = place().role();
    var scheduler = new ThreadPoolTaskScheduler();
    scheduler.initialize();
    var sessions =
        new LifecycleAwareSessionManager(
            new AuthenticationStepsExecutor(
                AuthenticationSteps.fromSupplier(() -> Map.of("role", role, "jwt", jwt))
                    .login("auth/{mount}/login", "jwt"),
                rest),
            scheduler,
            rest);
    try {
      var vault = new VaultTemplate(endpoint, requests, sessions);
      var minted = Objects.requireNonNull(vault.read("database/creds/" + role));
      Map<String, Object> data = minted.getRequiredData();
      ObjectNode login =
          StrictJson.object()
              .put("username", String.valueOf(data.get("username")))
              .put("password", String.valueOf(data.get("password")));
      assertConnects(login);

      assertThat(vault.read("auth/token/lookup-self")).isNotNull();
      assertThat(sessions.renewToken()).isTrue();
      String id = Objects.requireNonNull(minted.getLeaseId());
      var told = Objects.requireNonNull(vault.write("sys/leases/lookup", Map.of("lease_id", id)));
      assertThat(told.getRequiredData()).containsEntry("id", id);
      var renewed =
          Objects.requireNonNull(
              vault.write("sys/leases/renew", Map.of("lease_id", id, "increment", "400")));
      assertThat(renewed.getLeaseDuration()).isBetween(390L, 400L);
      vault.write("sys/leases/revoke", Map.of("lease_id", id, "sync", true));
      assertIsGone(login);
      assertThatThrownBy(() -> vault.read("sys/mounts"))
          .isInstanceOf(VaultException.class)
          .hasMessageContaining("permission denied");
      assertThat(vault.opsForSys().health().isInitialized()).isTrue();
    } finally {
      sessions.destroy();
      scheduler.destroy();
    }
  }
}
