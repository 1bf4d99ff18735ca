package dev.countersign.broker.box;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.Listener;
import dev.countersign.broker.PresenterKeys;
import dev.countersign.broker.box.Refunds.Login;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient.Answer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// Workloads that prove themselves with a key of their own: a DPoP proof, or a certificate in the
/// TLS handshake.
class PossessionTest {
  private static final ObjectNode REFUND = Refunds.refund(Refunds.CASE, 8000);
  private static final String CREDS = "/v1/verify-rar/creds/refunds";

  @TempDir static Path folder = Path.of("");

  private final Refunds refunds = new Refunds();

  @BeforeEach
  void start() {
    refunds.start();
  }

  @AfterEach
  void stop() {
    refunds.pass(Duration.ofMinutes(6));
    refunds.broker().sweeper().sweep();
    assertThat(refunds.leftOvers()).isZero();
    refunds.close();
  }

  private Answer mint(String token, String proof) {
    return refunds.send("POST", CREDS, Map.of("X-Vault-Token", token, "DPoP", proof), null);
  }

  private String nonce() {
    return mint(refunds.token(REFUND), "x.y.z").header("DPoP-Nonce").orElseThrow();
  }

  private String proof(ECKey key, String token, String nonce, String path) {
    ObjectNode claims =
        StrictJson.object()
            .put("htm", "POST")
            .put("htu", Refunds.BROKER + path)
            .put("jti", Ids.random())
            .put("iat", refunds.now().getEpochSecond())
            .put("ath", Digest.sha256(token))
            .put("nonce", nonce);
    return refunds.dpop(key, claims);
  }

  @Test
  void mintsAndRevokesWithADpopProofOfTheWorkloadsOwnKey() {
    String token = refunds.token(REFUND);
    ECKey key = refunds.keyOf("gateway");

    Login login = Login.of(mint(token, proof(key, token, nonce(), CREDS)));

    String path = "/v1/sys/leases/revoke";
    Answer revoked =
        refunds.send(
            "POST",
            path,
            Map.of("X-Vault-Token", token, "DPoP", proof(key, token, nonce(), path)),
            StrictJson.object().put("lease_id", login.lease()));
    assertThat(revoked.status()).isEqualTo(204);
    assertThat(refunds.exists(login)).isFalse();
  }

  @Test
  void takesATokenThatIsBoundToThePresentersOwnKey() {
    ECKey key = refunds.keyOf("gateway");
    ObjectNode claims = refunds.claims(REFUND);
    claims.putObject("cnf").put("jkt", Refunds.thumbprint(key));
    String token = refunds.sign(claims);

    assertThat(mint(token, proof(key, token, nonce(), CREDS)).status()).isEqualTo(200);
  }

  @Test
  void A24_refusesATokenThatIsBoundToAnotherKey() {
    ObjectNode claims = refunds.claims(REFUND);
    claims.putObject("cnf").put("jkt", Refunds.thumbprint(Refunds.key("agent")));
    String token = refunds.sign(claims);
    String proof = proof(refunds.keyOf("gateway"), token, nonce(), CREDS);
    refunds.ledger.clear();

    assertThat(mint(token, proof).status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("binding_not_proven");
  }

  @Test
  void E04_refusesAProofASecondTime() {
    String first = refunds.token(REFUND);
    String proof = proof(refunds.keyOf("gateway"), first, nonce(), CREDS);
    assertThat(mint(first, proof).status()).isEqualTo(200);
    refunds.ledger.clear();

    assertThat(mint(first, proof).status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("presenter_not_proven");
  }

  @Test
  void E05_E06_refusesAProofForAnotherPathTokenOrKeyAndOneWithoutNonce() {
    String token = refunds.token(REFUND);
    ECKey key = refunds.keyOf("gateway");
    String nonce = nonce();

    for (String proof :
        new String[] {
          proof(key, token, nonce, "/v1/verify-rar/creds/brief"),
          proof(key, refunds.token(REFUND), nonce, CREDS),
          proof(Refunds.key("gateway"), token, nonce, CREDS),
          proof(key, token, "stale", CREDS)
        }) {
      refunds.ledger.clear();
      Answer answer = mint(token, proof);

      assertThat(answer.status()).isEqualTo(403);
      assertThat(answer.header("DPoP-Nonce")).isPresent();
      assertThat(refunds.refusal()).isEqualTo("presenter_not_proven");
    }
  }

  @Test
  void H14_refusesTwoProofs() {
    String token = refunds.token(REFUND);
    String proof = proof(refunds.keyOf("gateway"), token, nonce(), CREDS);
    refunds.ledger.clear();

    Answer answer =
        refunds.send(
            "POST",
            CREDS,
            Map.of(
                "X-Vault-Token",
                token,
                "DPoP",
                proof,
                PresenterAssertion.HEADER,
                refunds.assertion("gateway")),
            null);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(refunds.refusal()).isEqualTo("malformed");
  }

  @Test
  void H05_refusesTheKeyOfAWorkloadThatTheRoleDoesNotName() {
    String token = refunds.token(REFUND);
    String proof = proof(refunds.keyOf("other"), token, nonce(), CREDS);
    refunds.ledger.clear();

    assertThat(mint(token, proof).status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("presenter_not_allowed");
  }

  @Test
  void mintsByMutualTlsForTheRegisteredCertificateAndNoOther() throws Exception {
    KeyStore server = selfSigned("server");
    KeyStore gateway = selfSigned("gateway");
    KeyStore stranger = selfSigned("stranger");
    refunds.stop();
    refunds
        .tls(
            new Listener.Tls(folder.resolve("server.crt"), folder.resolve("server.key"), true),
            PresenterKeys.thumbprint((X509Certificate) gateway.getCertificate("gateway")),
            "gateway")
        .start();
    ObjectNode bound = refunds.claims(REFUND);
    bound
        .putObject("cnf")
        .put(
            "x5t#S256",
            PresenterKeys.thumbprint((X509Certificate) gateway.getCertificate("gateway")));

    assertThat(mintByTls(server, gateway, refunds.token(REFUND))).isEqualTo(200);
    assertThat(mintByTls(server, gateway, refunds.sign(bound))).isEqualTo(200);

    refunds.ledger.clear();
    assertThat(mintByTls(server, stranger, refunds.token(REFUND))).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("presenter_not_proven");

    refunds.ledger.clear();
    assertThat(mintByTls(server, null, refunds.token(REFUND))).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("presenter_not_proven");

    refunds.pass(Duration.ofDays(3));
    refunds.ledger.clear();
    assertThat(mintByTls(server, gateway, refunds.token(REFUND))).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("presenter_not_proven");
  }

  private int mintByTls(KeyStore server, @Nullable KeyStore own, String token) throws Exception {
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(server);
    var context = SSLContext.getInstance("TLS");
    if (own == null) {
      context.init(null, trust.getTrustManagers(), null);
    } else {
      var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(own, "changeit".toCharArray());
      context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    }
    try (var client = HttpClient.newBuilder().sslContext(context).build()) {
      return client
          .send(
              HttpRequest.newBuilder(URI.create(refunds.broker().baseUri() + CREDS))
                  .header("X-Vault-Token", token)
                  .POST(HttpRequest.BodyPublishers.noBody())
                  .build(),
              HttpResponse.BodyHandlers.discarding())
          .statusCode();
    }
  }

  private static KeyStore selfSigned(String name) throws Exception {
    Path store = folder.resolve(name + ".p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                name,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=localhost",
                "-ext",
                "san=ip:127.0.0.1,dns:localhost",
                "-validity",
                "2",
                "-storetype",
                "PKCS12",
                "-storepass",
                "changeit",
                "-keystore",
                store.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(keytool.waitFor()).isZero();
    KeyStore keys = KeyStore.getInstance(store.toFile(), "changeit".toCharArray());
    pem(name + ".crt", "CERTIFICATE", keys.getCertificate(name).getEncoded());
    pem(name + ".key", "PRIVATE KEY", keys.getKey(name, "changeit".toCharArray()).getEncoded());
    return keys;
  }

  private static void pem(String name, String label, byte[] der) throws IOException {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    Files.writeString(
        folder.resolve(name),
        "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n");
  }
}
