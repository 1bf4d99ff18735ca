package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.KeyUse;
import com.sun.net.httpserver.HttpServer;
import dev.countersign.box.FreePort;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.box.StsBox;
import dev.countersign.sts.clients.CertificateName;
import dev.countersign.sts.clients.ClientOptions;
import dev.countersign.sts.clients.Credentials;
import dev.countersign.sts.clients.GuessLimit.Lock;
import dev.countersign.sts.clients.HashedSecret;
import dev.countersign.sts.clients.Registration;
import dev.countersign.sts.postgres.PgClients;
import dev.countersign.sts.postgres.PgGuessLimit;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// Clients that prove themselves otherwise than by an assertion, and clients that commands
/// register.
class ClientKindsTest {
  private static final World WORLD = new World();
  private static final PgClients CLIENTS = StsBox.clients(WORLD.database, WORLD.clock);
  private static final String FIRST = "the first secret of this client, long enough";
  private static final String SECOND = "the second secret of this client, long enough";

  // What a hash costs is in it; the guesses of a test need not cost a minute.
  private static final int CHEAP = 1_000;

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @Test
  void aSecretInTheHeaderOrTheBodyProvesItsClient() {
    secretClient("with-secret");

    assertThat(basic("with-secret", FIRST).status()).isEqualTo(200);
    assertThat(basic("with-secret", FIRST).status()).isEqualTo(200);
    assertThat(posted("with-secret", FIRST).status()).isEqualTo(200);
    Answer wrong = basic("with-secret", SECOND);
    assertThat(wrong.status()).isEqualTo(401);
    assertThat(wrong.text("error")).isEqualTo("invalid_client");
    assertThat(wrong.header("www-authenticate")).startsWith("Basic");
    assertThat(posted("with-secret", SECOND).text("error")).isEqualTo("invalid_client");
    assertThat(posted("nobody", FIRST).text("error")).isEqualTo("invalid_client");
    assertThat(posted("gateway", FIRST).text("error")).isEqualTo("invalid_client");
  }

  @Test
  void C01_aSecretAndAnAssertionAreTwoWays() {
    secretClient("two-ways");
    var form = WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100));

    assertThat(WORLD.post(form, "Authorization", header("two-ways", FIRST)).text("error"))
        .isEqualTo("invalid_request");
    var both = without(form);
    both.put("client_id", "two-ways");
    both.put("client_secret", FIRST);
    assertThat(WORLD.post(both, "Authorization", header("two-ways", FIRST)).text("error"))
        .isEqualTo("invalid_request");
  }

  @Test
  void E12_secretsOverlapForAWhileAndThenDoNot() {
    secretClient("rotating");
    assertThat(
            CLIENTS.change(
                "rotating",
                known ->
                    known.withSecret(
                        HashedSecret.of(new Secret(SECOND), CHEAP),
                        WORLD.now.get().plus(Duration.ofMinutes(10)),
                        WORLD.now.get())))
        .isTrue();

    World.until(() -> posted("rotating", SECOND).status() == 200);
    assertThat(posted("rotating", FIRST).status()).isEqualTo(200);
    WORLD.tick(Duration.ofMinutes(10));
    try {
      assertThat(posted("rotating", FIRST).text("error")).isEqualTo("invalid_client");
      assertThat(posted("rotating", SECOND).status()).isEqualTo(200);
    } finally {
      WORLD.now.set(World.NOON);
    }
  }

  @Test
  void E12_aSecondRotationWaitsForTheFirstOrEndsIt() {
    Instant soon = World.NOON.plusSeconds(600);
    Registration twice =
        World.registration(ClientOptions.none())
            .withSecret(FIRSTS, World.NOON, World.NOON)
            .withSecret(SECONDS, soon, World.NOON);

    assertThat(validAt(twice, World.NOON)).containsExactly(FIRSTS, SECONDS);
    assertThatIllegalArgumentException()
        .as("whichever of the two is in use, a third would put it at risk, or leave three")
        .isThrownBy(() -> twice.withSecret(FIRSTS, World.NOON.plusSeconds(86_400), World.NOON))
        .withMessageContaining("two valid secrets");
    assertThat(validAt(twice, soon)).containsExactly(SECONDS);
    assertThat(validAt(twice.withSecret(FIRSTS, soon.plusSeconds(600), soon), soon))
        .containsExactly(SECONDS, FIRSTS);
    assertThat(validAt(twice.withSecret(FIRSTS, World.NOON, World.NOON), World.NOON))
        .as("--keep 0s")
        .containsExactly(FIRSTS);
  }

  private static List<HashedSecret> validAt(Registration registration, Instant now) {
    var secrets =
        (Credentials.Secrets) registration.client("rotating-twice", WORLD.clock).credentials();
    return secrets.secrets().stream()
        .filter(secret -> secret.expiresAt() == null || now.isBefore(secret.expiresAt()))
        .map(Credentials.DatedSecret::hash)
        .toList();
  }

  @Test
  void E12_onlyCredentialsOfOneKindOverlap() {
    ObjectNode key = StrictJson.parseObject(World.ec("k").toJSONString());
    URI address = URI.create("https://client.example/jwks");
    Registration byKey =
        World.registration(ClientOptions.none()).withKeys("private_key_jwt", key, World.NOON);
    Registration bySecret =
        World.registration(ClientOptions.none()).withSecret(FIRSTS, World.NOON, World.NOON);
    Registration byAddress = byKey.withKeysAt(address, World.NOON);
    var name = new CertificateName(CertificateName.Kind.SAN_DNS, "a.example");

    assertThat(byKey.withKeys("private_key_jwt", key, World.NOON).keepsOlder(byKey)).isTrue();
    assertThat(bySecret.withSecret(FIRSTS, World.NOON, World.NOON).keepsOlder(bySecret)).isTrue();
    assertThat(byAddress.keepsOlder(byKey)).isTrue();
    assertThat(byAddress.withKeys("private_key_jwt", key, World.NOON).keepsOlder(byAddress))
        .isFalse();
    assertThat(byKey.withSecret(FIRSTS, World.NOON, World.NOON).keepsOlder(byKey)).isFalse();
    assertThat(bySecret.withKeys("private_key_jwt", key, World.NOON).keepsOlder(bySecret))
        .isFalse();
    Registration byName = byKey.withCertificate(name);
    assertThat(byName.keepsOlder(byKey)).isFalse();
    assertThat(byName.withCertificate(name).keepsOlder(byName)).isFalse();
  }

  private static final HashedSecret FIRSTS = HashedSecret.of(new Secret(FIRST), CHEAP);
  private static final HashedSecret SECONDS = HashedSecret.of(new Secret(SECOND), CHEAP);

  @Test
  void E12_keysOverlapForAWhileAndThenDoNot() {
    ECKey old = WORLD.register("key-rotating", ClientOptions.none());
    ECKey fresh = World.ec("fresh");
    assertThat(signedBy("key-rotating", old).status()).isEqualTo(200);
    CLIENTS.change(
        "key-rotating",
        known ->
            known.withKeys(
                "private_key_jwt",
                StrictJson.parseObject(fresh.toJSONString()),
                WORLD.now.get().plus(Duration.ofMinutes(10))));

    World.until(() -> signedBy("key-rotating", fresh).status() == 200);
    assertThat(signedBy("key-rotating", old).status()).isEqualTo(200);
    WORLD.tick(Duration.ofMinutes(10));
    try {
      assertThat(signedBy("key-rotating", old).text("error")).isEqualTo("invalid_client");
      assertThat(signedBy("key-rotating", fresh).status()).isEqualTo(200);
    } finally {
      WORLD.now.set(World.NOON);
    }
  }

  @Test
  void everyReplicaKnowsAClientThatACommandAddedOrTookAway() {
    try (var replica = WORLD.replica(FreePort.any())) {
      ECKey key = WORLD.register("everywhere", ClientOptions.none());
      World.until(() -> at(replica, "everywhere", key).status() == 200);
      assertThat(signedBy("everywhere", key).status()).isEqualTo(200);

      assertThat(CLIENTS.remove("everywhere")).isTrue();

      World.until(() -> at(replica, "everywhere", key).status() == 401);
      World.until(() -> signedBy("everywhere", key).status() == 401);
    }
  }

  @Test
  void aCommandCannotReplaceAClientOfTheConfiguration() {
    ECKey thief = World.ec("thief");
    CLIENTS.add(
        "gateway",
        World.registration(ClientOptions.none())
            .withKeys(
                "private_key_jwt", StrictJson.parseObject(thief.toJSONString()), WORLD.now.get()));

    assertThat(signedBy("gateway", thief).text("error")).isEqualTo("invalid_client");
    assertThat(WORLD.exchange(WORLD.person(), 100).status()).isEqualTo(200);
  }

  @Test
  void secretsAreSlowHashesAtRest() {
    CLIENTS.add(
        "at-rest",
        World.registration(ClientOptions.none())
            .withSecret(HashedSecret.of(new Secret(FIRST)), WORLD.now.get(), WORLD.now.get()));

    String row =
        WORLD.database.query(connection -> {
          try (var statement =
                  connection.prepareStatement(
                      "SELECT registration::text FROM client WHERE client_id = 'at-rest'");
              ResultSet rows = statement.executeQuery()) {
            rows.next();
            return rows.getString(1);
          }
        });

    assertThat(row).doesNotContain(FIRST).contains("pbkdf2-sha512$210000$");
  }

  @Test
  void E11_tenWrongSecretsLockTheClientForThatSource() {
    secretClient("guessed");
    for (int i = 0; i < 10; i++) {
      assertThat(posted("guessed", "a wrong secret, long enough, number " + i).status())
          .isEqualTo(401);
    }

    // The right one was never seen, so it is not looked at any more; later it is.
    assertThat(posted("guessed", FIRST).text("error")).isEqualTo("invalid_client");
    WORLD.tick(Duration.ofMinutes(6));
    try {
      assertThat(posted("guessed", FIRST).status()).isEqualTo(200);
    } finally {
      WORLD.now.set(World.NOON);
    }
  }

  @Test
  void E11_guessesDoNotLockOutWhoKnowsTheSecret() {
    secretClient("in-use");
    assertThat(posted("in-use", FIRST).status()).isEqualTo(200);
    for (int i = 0; i < 11; i++) {
      assertThat(posted("in-use", "a wrong secret, long enough, number " + i).status())
          .isEqualTo(401);
    }

    assertThat(posted("in-use", FIRST).status()).isEqualTo(200);
  }

  @Test
  void A22_aGuessAtAClientThatDoesNotExistCountsLikeAnyOther() {
    for (String ghost : List.of("ghost", "g".repeat(20_000), "")) {
      assertThat(posted(ghost, FIRST).text("error")).isEqualTo("invalid_client");
    }

    assertThat(guesses("ghost")).isEqualTo(1);
    assertThat(guesses("")).as("of the source, whatever the client").isGreaterThanOrEqualTo(3);
  }

  @Test
  void E11_aSourceThatGuessesAtManyClientsMayTryLittle() {
    var limit = new PgGuessLimit(WORLD.database);
    for (int i = 0; i < 100; i++) {
      assertThat(limit.lock("spared", "192.0.2.1", World.NOON)).isEqualTo(Lock.NONE);
      limit.wrong("client-" + i, "192.0.2.1", World.NOON);
    }

    assertThat(limit.lock("spared", "192.0.2.1", World.NOON)).isEqualTo(Lock.SOURCE);
    assertThat(limit.lock("spared", "192.0.2.2", World.NOON)).isEqualTo(Lock.NONE);
    assertThat(limit.lock("spared", "192.0.2.1", World.NOON.plus(Duration.ofMinutes(6))))
        .isEqualTo(Lock.NONE);
    for (int i = 0; i < 10; i++) {
      limit.wrong("spared", "192.0.2.1", World.NOON);
    }
    assertThat(limit.lock("spared", "192.0.2.1", World.NOON)).isEqualTo(Lock.CLIENT);
  }

  private static int guesses(String client) {
    return WORLD.database.query(connection -> {
      try (var statement =
          connection.prepareStatement(
              "SELECT coalesce(sum(wrong), 0) FROM client_guess WHERE client_id = ?")) {
        statement.setString(1, client);
        try (ResultSet rows = statement.executeQuery()) {
          rows.next();
          return rows.getInt(1);
        }
      }
    });
  }

  @Test
  void aShortSecretIsRefusedWhenItIsSet() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HashedSecret.of(new Secret("short")))
        .withMessageContaining("32 characters");
  }

  @Test
  void E10_aJwtSvidOfItsTrustDomainProvesItsClient() {
    ECKey domain = World.ec("domain-1");
    try (var bundle = new Bundle(domain, "jwt-svid")) {
      CLIENTS.add(
          "spiffe-agent",
          World.registration(ClientOptions.none())
              .withSvid("spiffe://example.org/agent", bundle.address()));

      assertThat(svid(svidClaims(), domain).body()).contains("access_token");
      assertThat(svid(svidClaims().put("sub", "spiffe://example.org/other"), domain).status())
          .isEqualTo(401);
      assertThat(svid(svidClaims().put("sub", "spiffe://evil.org/agent"), domain).status())
          .isEqualTo(401);
      assertThat(svid(svidClaims().put("aud", "https://elsewhere.example"), domain).status())
          .isEqualTo(401);
      assertThat(svid(svidClaims().put("exp", World.NOON.getEpochSecond() - 31), domain).status())
          .isEqualTo(401);
      assertThat(svid(svidClaims(), World.ec("domain-1")).status()).isEqualTo(401);
    }
  }

  @Test
  void E10_aKeyForX509SvidsSignsNoJwtSvid() {
    ECKey domain = World.ec("domain-2");
    try (var bundle = new Bundle(domain, "x509-svid")) {
      CLIENTS.add(
          "x509-agent",
          World.registration(ClientOptions.none())
              .withSvid("spiffe://example.org/x509", bundle.address()));
      var form = svidForm(svidClaims().put("sub", "spiffe://example.org/x509"), domain);
      form.put("client_id", "x509-agent");

      assertThat(WORLD.post(form).text("error")).isEqualTo("invalid_client");
    }
  }

  @Test
  void aClientPublishesItsKeysItself() {
    ECKey first = World.ec("published-1");
    ECKey before = World.ec("before");
    try (var published = new Bundle(first, "sig")) {
      CLIENTS.add(
          "publisher",
          World.registration(ClientOptions.none())
              .withKeys(
                  "private_key_jwt", StrictJson.parseObject(before.toJSONString()), World.NOON));
      assertThat(signedBy("publisher", before).status()).isEqualTo(200);
      CLIENTS.change(
          "publisher",
          known ->
              known.withKeysAt(published.address(), WORLD.now.get().plus(Duration.ofMinutes(10))));

      World.until(() -> signedBy("publisher", first).status() == 200);
      assertThat(signedBy("publisher", before).status()).as("they overlap").isEqualTo(200);
      assertThat(signedBy("publisher", World.ec("published-1")).text("error"))
          .isEqualTo("invalid_client");

      ECKey second = World.ec("published-2");
      published.key = second;
      WORLD.tick(Duration.ofMinutes(11));
      try {
        assertThat(signedBy("publisher", second).status()).isEqualTo(200);
        assertThat(signedBy("publisher", first).status()).as("withdrawn").isEqualTo(401);
        assertThat(signedBy("publisher", before).status()).as("over").isEqualTo(401);
      } finally {
        WORLD.now.set(World.NOON);
      }
    }
  }

  @Test
  void B11_aClientWhoseKeysCannotBeFetchedIsNotProven() {
    ECKey key = World.ec("nowhere");
    CLIENTS.add(
        "nowhere",
        World.registration(ClientOptions.none())
            .withKeysAt(URI.create("http://127.0.0.1:" + FreePort.any() + "/k"), World.NOON));

    Answer answer = signedBy("nowhere", key);

    assertThat(answer.status()).isIn(401, 503);
    assertThat(answer.json().has("access_token")).isFalse();
  }

  @Test
  void B04_keysOfAClientAreAtASafeAddressOnly() {
    for (String address :
        List.of("http://keys.example/k", "file:///etc/passwd", "https://user@keys.example/k")) {
      assertThatIllegalArgumentException()
          .as(address)
          .isThrownBy(() ->
              World.registration(ClientOptions.none())
                  .withKeysAt(URI.create(address), World.NOON)
                  .client("x", WORLD.clock))
          .withMessageContaining("https");
    }
  }

  private static ObjectNode svidClaims() {
    long now = World.NOON.getEpochSecond();
    return StrictJson.object()
        .put("sub", "spiffe://example.org/agent")
        .put("aud", WORLD.issuer)
        .put("iat", now)
        .put("exp", now + 300);
  }

  private static Answer svid(ObjectNode claims, ECKey key) {
    return WORLD.post(svidForm(claims, key));
  }

  private static Map<String, String> svidForm(ObjectNode claims, ECKey key) {
    var form = without(WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100)));
    form.put("client_id", "spiffe-agent");
    form.put("client_assertion_type", TokenTypes.SPIFFE_CLIENT_ASSERTION);
    form.put("client_assertion", new JwtSigner(key).sign("JWT", claims));
    return form;
  }

  private static void secretClient(String id) {
    CLIENTS.add(
        id,
        World.registration(ClientOptions.none())
            .withSecret(
                HashedSecret.of(new Secret(FIRST), CHEAP), WORLD.now.get(), WORLD.now.get()));
  }

  private static Answer basic(String id, String secret) {
    return WORLD.post(
        without(WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100))),
        "Authorization",
        header(id, secret));
  }

  private static String header(String id, String secret) {
    String pair = World.encode(id) + ":" + World.encode(secret);
    return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
  }

  private static Answer posted(String id, String secret) {
    var form = without(WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100)));
    form.put("client_id", id);
    form.put("client_secret", secret);
    return WORLD.post(form);
  }

  private static Answer signedBy(String id, ECKey key) {
    return WORLD.post(
        WORLD.by(id, key, WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100))));
  }

  private static Answer at(StsBox replica, String id, ECKey key) {
    return WORLD.sendTo(
        URI.create(replica.baseUri() + "/oauth2/token"),
        "POST",
        World.encoded(
            WORLD.by(id, key, WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100)))),
        "Content-Type",
        "application/x-www-form-urlencoded");
  }

  private static Map<String, String> without(Map<String, String> form) {
    var copy = new LinkedHashMap<>(form);
    copy.remove("client_assertion");
    copy.remove("client_assertion_type");
    return copy;
  }

  /// A trust domain's bundle endpoint.
  private static final class Bundle implements AutoCloseable {
    private final HttpServer server;
    private volatile ECKey key;

    /// @param use what the bundle says the key is for
    Bundle(ECKey first, String use) {
      key = first;
      try {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      }
      server.createContext(
          "/bundle",
          exchange -> {
            byte[] body =
                ("{\"keys\":["
                        + new ECKey.Builder(key.toPublicJWK())
                            .keyUse(new KeyUse(use))
                            .build()
                            .toJSONString()
                        + "]}")
                    .getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
          });
      server.start();
    }

    URI address() {
      return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/bundle");
    }

    @Override
    public void close() {
      server.stop(0);
    }
  }
}
