package dev.countersign.box;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// A HashiCorp Vault or OpenBao, set up with the stock JWT method and database engine: the one that
/// `VAULT_ADDR` and `VAULT_TOKEN` name, or an OpenBao of our own.
public final class StockVault implements AutoCloseable {
  private static final String AUDIENCE = "http://gateway.example/mcp";
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String ROLE = "clerk";
  private static final String DATABASE = "stock_vault";

  private final URI address;
  private final String root;
  private final @Nullable Process server;
  private final WireClient client = new WireClient();
  private final ECKey sts = KeyFiles.newEc();
  private final DatabaseSettings database;

  private StockVault(URI address, String root, @Nullable Process server) {
    this.address = address;
    this.root = root;
    this.server = server;
    this.database = TestState.shared().createDatabase(DATABASE);
  }

  /// Starts it, or finds it, and sets it up.
  public static StockVault started() {
    String known = System.getenv("VAULT_ADDR");
    String token = System.getenv("VAULT_TOKEN");
    StockVault vault =
        known != null && token != null
            ? new StockVault(URI.create(known), token, null)
            : ofOurOwn(Counterparts.openbao());
    try {
      vault.setUp();
      return vault;
    } catch (RuntimeException failed) {
      vault.close();
      throw failed;
    }
  }

  private static StockVault ofOurOwn(Path program) {
    try {
      int port = FreePort.any();
      String root = Ids.base62(24);
      Path home = Files.createTempDirectory("countersign-openbao-");
      var builder =
          new ProcessBuilder(
                  program.toString(),
                  "server",
                  "-dev",
                  "-dev-no-store-token",
                  "-dev-root-token-id=" + root,
                  "-dev-listen-address=127.0.0.1:" + port)
              .redirectErrorStream(true)
              .redirectOutput(home.resolve("log").toFile());
      builder.environment().put("HOME", home.toString());
      Process server = builder.start();
      Runtime.getRuntime().addShutdownHook(new Thread(server::destroyForcibly));
      return new StockVault(URI.create("http://127.0.0.1:" + port), root, server);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private void setUp() {
    awaitHealth();
    TestState.shared()
        .execute(
            database,
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stock_clerks') THEN"
                + " CREATE ROLE stock_clerks NOLOGIN; END IF; END $$;"
                + "GRANT CONNECT ON DATABASE "
                + DATABASE
                + " TO stock_clerks");
    mount("sys/auth/jwt", "jwt");
    mount("sys/mounts/database", "database");
    ObjectNode keys = StrictJson.object();
    keys.putArray("jwt_validation_pubkeys").add(pem());
    write("auth/jwt/config", keys);
    ObjectNode role = StrictJson.object().put("role_type", "jwt").put("user_claim", "sub");
    role.putArray("bound_audiences").add(AUDIENCE);
    role.putArray("token_policies").add("clerk");
    write("auth/jwt/role/" + ROLE, role.put("token_ttl", "5m").put("token_max_ttl", "1h"));
    write(
        "sys/policies/acl/clerk",
        StrictJson.object()
            .put(
                "policy",
                """
                path "database/creds/clerk" { capabilities = ["read"] }
                path "sys/leases/lookup" { capabilities = ["update"] }
                path "sys/leases/renew" { capabilities = ["update"] }
                path "sys/leases/revoke" { capabilities = ["update"] }
                path "sys/leases/revoke/*" { capabilities = ["update"] }
                """));
    write("database/config/stock", connection(database));
    ObjectNode creds =
        StrictJson.object().put("db_name", "stock").put("default_ttl", "5m").put("max_ttl", "10m");
    creds
        .putArray("creation_statements")
        .add(
            "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL"
                + " '{{expiration}}'; GRANT stock_clerks TO \"{{name}}\";");
    write("database/roles/" + ROLE, creds);
  }

  private void awaitHealth() {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (true) {
      try {
        if (client
                .send("GET", URI.create(address + "/v1/sys/health"), Map.of(), null, PATIENCE)
                .status()
            == 200) {
          return;
        }
      } catch (UnavailableException notYet) {
        if (System.nanoTime() > end || (server != null && !server.isAlive())) {
          throw new IllegalStateException("the Vault does not start", notYet);
        }
      }
      Thread.onSpinWait();
    }
  }

  private String pem() {
    try {
      String key = Base64.getMimeEncoder().encodeToString(sts.toECPublicKey().getEncoded());
      return "-----BEGIN PUBLIC KEY-----\n" + key + "\n-----END PUBLIC KEY-----\n";
    } catch (JOSEException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  // Somebody's own Vault may have it already.
  private void mount(String path, String type) {
    send(path, StrictJson.object().put("type", type));
  }

  private void write(String path, ObjectNode body) {
    WireClient.Answer answer = send(path, body);
    if (answer.status() >= 300) {
      throw new IllegalStateException(path + ": " + answer.status() + " " + answer.text());
    }
  }

  private WireClient.Answer send(String path, ObjectNode body) {
    return client.send(
        "POST",
        URI.create(address + "/v1/" + path),
        Map.of("X-Vault-Token", root, "Content-Type", "application/json"),
        StrictJson.write(body),
        PATIENCE);
  }

  /// Lets it serve a running token service: a login at the mount `sts` of tokens for one audience,
  /// and logins of one group in a database of the tests.
  ///
  /// @param role name of the login's role and of the credentials'
  /// @param group NOLOGIN, and there
  public void serve(
      URI issuer, URI audience, String role, DatabaseSettings superuser, String group) {
    mount("sys/auth/sts", "jwt");
    write(
        "auth/sts/config",
        StrictJson.object()
            .put("jwks_url", issuer + "/oauth2/jwks")
            .put("bound_issuer", issuer.toString()));
    ObjectNode login = StrictJson.object().put("role_type", "jwt").put("user_claim", "sub");
    login.putArray("bound_audiences").add(audience.toString());
    login.putObject("bound_claims").put("client_id", "gateway");
    login.putArray("token_policies").add(role);
    write("auth/sts/role/" + role, login.put("token_ttl", "5m").put("token_max_ttl", "5m"));
    write(
        "sys/policies/acl/" + role,
        StrictJson.object()
            .put(
                "policy",
                "path \"database/creds/"
                    + role
                    + "\" { capabilities = [\"read\"] }\n"
                    + "path \"sys/leases/revoke\" { capabilities = [\"update\"] }"));
    write("database/config/" + role, connection(superuser));
    ObjectNode creds =
        StrictJson.object().put("db_name", role).put("default_ttl", "5m").put("max_ttl", "5m");
    creds
        .putArray("creation_statements")
        .add(
            "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL"
                + " '{{expiration}}'; GRANT "
                + group
                + " TO \"{{name}}\";");
    write("database/roles/" + role, creds);
  }

  private static ObjectNode connection(DatabaseSettings superuser) {
    return StrictJson.object()
        .put("plugin_name", "postgresql-database-plugin")
        .put(
            "connection_url",
            "postgresql://{{username}}:{{password}}@"
                + superuser.url().replace("jdbc:postgresql://", "")
                + "?sslmode=disable")
        .put("username", superuser.user())
        .put("password", superuser.password().reveal())
        .put("allowed_roles", "*");
  }

  /// Where it is.
  public URI address() {
    return address;
  }

  /// The role of its login and of its credentials.
  public String role() {
    return ROLE;
  }

  /// What it makes logins in, as the superuser.
  public DatabaseSettings database() {
    return database;
  }

  /// A fresh token that its login accepts, without authorization details.
  public String jwt() {
    return jwt(StrictJson.array());
  }

  /// A fresh token that its login accepts.
  public String jwt(ArrayNode details) {
    Instant now = Instant.ofEpochMilli(System.currentTimeMillis());
    ObjectNode claims =
        StrictJson.object()
            .put("iss", "http://sts.example")
            .put("sub", "entra|" + Ids.base62(8).toLowerCase(Locale.ROOT))
            .put("aud", AUDIENCE)
            .put("client_id", "gateway")
            .put("jti", Ids.random())
            .put("iat", now.getEpochSecond())
            .put("exp", now.plusSeconds(60).getEpochSecond());
    claims.set("authorization_details", details);
    return new JwtSigner(sts).sign("at+jwt", claims);
  }

  @Override
  public void close() {
    if (server != null) {
      server.destroy();
      try {
        if (!server.waitFor(10, TimeUnit.SECONDS)) {
          server.destroyForcibly();
        }
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
