package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.FreePort;
import dev.countersign.box.Listener;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.box.StsBox;
import dev.countersign.sts.clients.CertificateName;
import dev.countersign.sts.clients.ClientAuthorities;
import dev.countersign.sts.clients.ClientOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Security;
import java.security.cert.CRL;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Clients that prove a certificate in the TLS handshake.
class MutualTlsTest {
  private static final World WORLD = new World();
  private static final String SVID = "spiffe://example.org/desk";
  private static final String OTHER = "spiffe://example.org/other";
  private static final char[] PASSWORD = "changeit".toCharArray();

  @TempDir static Path folder = Path.of("");

  private static @Nullable KeyStore keys;
  private static @Nullable StsBox box;

  @BeforeAll
  static void listenWithTls() throws Exception {
    make("ca", "-dname", "CN=Authority", "-ext", "bc=ca:true");
    make("server", "-dname", "CN=sts", "-ext", "san=ip:127.0.0.1", "-signer", "ca");
    make("desk", "-dname", "CN=Desk", "-ext", "san=dns:desk.example", "-signer", "ca");
    make("two", "-dname", "CN=Two", "-ext", "san=dns:desk.example,dns:b.example", "-signer", "ca");
    make(
        "sub",
        "-dname",
        "CN=Sub",
        "-ext",
        "san=dns:desk.example",
        "-ext",
        "bc=ca:true",
        "-signer",
        "ca");
    make("svid", "-dname", "CN=Svid", "-ext", "san=uri:" + SVID, "-signer", "ca");
    make(
        "svids",
        "-dname",
        "CN=Svids",
        "-ext",
        "san=uri:" + SVID + ",uri:" + OTHER,
        "-signer",
        "ca");
    make("self", "-dname", "CN=Self", "-ext", "san=dns:desk.example");
    keys = load();
    var clients = StsBox.clients(WORLD.database, WORLD.clock);
    var bound = new ClientOptions(Set.of(), false, Set.of(), false, false, true, Set.of(), false);
    clients.add(
        "desk",
        World.registration(bound)
            .withCertificate(new CertificateName(CertificateName.Kind.SAN_DNS, "desk.example")));
    clients.add(
        SVID,
        World.registration(bound)
            .withCertificate(new CertificateName(CertificateName.Kind.SAN_URI, SVID)));
    clients.add(
        "self",
        World.registration(bound)
            .withKeys(
                "self_signed_tls_client_auth",
                StrictJson.parseObject(
                    new ECKey.Builder(Curve.P_256, (ECPublicKey) certificate("self").getPublicKey())
                        .keyID("self")
                        .build()
                        .toJSONString()),
                World.NOON));
    Path chain = pem("server.pem", "CERTIFICATE", certificate("server").getEncoded());
    Path key =
        pem("server-key.pem", "PRIVATE KEY", store().getKey("server", PASSWORD).getEncoded());
    box =
        WORLD.replica(
            new Listener(
                "127.0.0.1", FreePort.any(), Optional.of(new Listener.Tls(chain, key, true))),
            new ClientAuthorities(List.of(certificate("ca")), List.of()));
  }

  @AfterAll
  static void close() {
    if (box != null) {
      box.close();
    }
    WORLD.close();
  }

  @Test
  void MT_02_aCertificateOfTheAuthorityWithTheNameProvesItsClient() throws Exception {
    Answer answer = exchange("desk", "desk");

    assertThat(answer.body()).contains("access_token");
    assertThat(World.claims(answer.text("access_token")).path("cnf").path("x5t#S256").stringValue())
        .isEqualTo(Digest.sha256(certificate("desk").getEncoded()));
    assertThat(answer.text("token_type")).isEqualTo("Bearer");
  }

  @Test
  void MT_02_aSelfSignedCertificateWithARegisteredKeyProvesItsClient() throws Exception {
    Answer answer = exchange("self", "self");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(World.claims(answer.text("access_token")).path("cnf").path("x5t#S256").stringValue())
        .isEqualTo(Digest.sha256(certificate("self").getEncoded()));
  }

  @Test
  void E09_refusesACertificateThatIsNotTheClients() {
    for (String other : List.of("self", "two", "sub", "server")) {
      Answer answer = exchange("desk", other);
      assertThat(answer.status()).as(other).isEqualTo(401);
      assertThat(answer.text("error")).isEqualTo("invalid_client");
      assertThat(answer.json().has("access_token")).isFalse();
    }
    assertThat(exchange("self", "desk").status()).isEqualTo(401);
    assertThat(exchange("nobody", "desk").status()).isEqualTo(401);
    assertThat(exchange("gateway", "desk").status()).isEqualTo(401);
  }

  @Test
  void A22_aRefusedCertificateCostsTheSameWhicheverClientItIsSaidToBe() {
    var counting = CountedPaths.provider();
    Security.insertProviderAt(counting, 1);
    try {
      for (String client : List.of("desk", "self", "gateway", "nobody", "")) {
        int paths =
            CountedPaths.of(
                "CN=Two", () -> assertThat(exchange(client, "two").status()).isEqualTo(401));
        assertThat(paths).as(client).isEqualTo(1);
      }
    } finally {
      Security.removeProvider(counting.getName());
    }
  }

  @Test
  void SP_03_anX509SvidProvesItsWorkloadByItsOneUri() {
    assertThat(exchange(SVID, "svid").status()).isEqualTo(200);
    assertThat(exchange(SVID, "svids").text("error")).as("two URIs").isEqualTo("invalid_client");
    assertThat(exchange(SVID, "desk").text("error")).as("none").isEqualTo("invalid_client");
    assertThat(exchange(OTHER, "svid").text("error")).as("another").isEqualTo("invalid_client");
    assertThat(exchange("desk", "svid").text("error")).isEqualTo("invalid_client");
  }

  @Test
  void MT_01_withoutACertificateNobodyIsProven() {
    Answer answer = exchange("desk", null);

    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.text("error")).isEqualTo("invalid_client");
  }

  @Test
  void E08_MT_06_BC_08_aHeaderThatTellsACertificateIsNotRead() throws Exception {
    String encoded = Base64.getEncoder().encodeToString(certificate("desk").getEncoded());
    for (String header :
        List.of("X-Client-Cert", "X-SSL-Cert", "Client-Cert", "X-Forwarded-Client-Cert")) {
      assertThat(exchange("desk", null, header, encoded).status()).as(header).isEqualTo(401);
    }
  }

  @Test
  void anOutOfDateCertificateProvesNothing() {
    WORLD.now.set(World.NOON.plus(java.time.Duration.ofDays(900)));
    try {
      assertThat(exchange("desk", "desk").status()).isEqualTo(401);
      assertThat(exchange("self", "self").status()).isEqualTo(401);
    } finally {
      WORLD.now.set(World.NOON);
    }
  }

  @Test
  void E09_aRevokedCertificateProvesNothing() throws Exception {
    try (var strict = replica(revoking("desk"))) {
      assertThat(exchangeAt(strict, "desk", "desk").text("error")).isEqualTo("invalid_client");
    }
    try (var strict = replica(revoking("two"))) {
      assertThat(exchangeAt(strict, "desk", "desk").status()).isEqualTo(200);
    }
  }

  @Test
  void E09_aListThatIsOutOfDateProvesNobody() throws Exception {
    try (var strict = replica(revoking("two"))) {
      WORLD.now.set(World.NOON.plus(java.time.Duration.ofDays(200)));
      assertThat(exchangeAt(strict, "desk", "desk").status()).isEqualTo(401);
    } finally {
      WORLD.now.set(World.NOON);
    }
  }

  private static StsBox replica(CRL list) throws Exception {
    return WORLD.replica(
        new Listener(
            "127.0.0.1",
            FreePort.any(),
            Optional.of(
                new Listener.Tls(
                    folder.resolve("server.pem"), folder.resolve("server-key.pem"), true))),
        new ClientAuthorities(List.of(certificate("ca")), List.of(list)));
  }

  /// The authority's list of a hundred days, on which one certificate stands.
  private static CRL revoking(String alias) throws Exception {
    Path file = folder.resolve("revoked-" + alias + ".pem");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-gencrl",
                "-alias",
                "ca",
                "-id",
                certificate(alias).getSerialNumber().toString(),
                "-startdate",
                "2025/12/20 00:00:00",
                "-validity",
                "100",
                "-file",
                file.toString(),
                "-storepass",
                new String(PASSWORD),
                "-keystore",
                folder.resolve("keys.p12").toString())
            .inheritIO()
            .start();
    assertThat(keytool.waitFor()).isZero();
    try (InputStream list = Files.newInputStream(file)) {
      return CertificateFactory.getInstance("X.509").generateCRL(list);
    }
  }

  @Test
  void theMetadataOffersIt() {
    Answer answer = send(box, null, "GET", "/.well-known/oauth-authorization-server", null);

    assertThat(answer.body()).contains("tls_client_auth", "self_signed_tls_client_auth");
    assertThat(answer.json().path("tls_client_certificate_bound_access_tokens").booleanValue())
        .isTrue();
  }

  private static Answer exchange(String client, @Nullable String alias, String... headers) {
    return exchangeAt(box, client, alias, headers);
  }

  private static Answer exchangeAt(
      @Nullable StsBox at, String client, @Nullable String alias, String... headers) {
    var form =
        new LinkedHashMap<>(WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100)));
    form.remove("client_assertion");
    form.remove("client_assertion_type");
    form.put("client_id", client);
    return send(at, alias, "POST", "/oauth2/token", World.encoded(form), headers);
  }

  private static Answer send(
      @Nullable StsBox box,
      @Nullable String alias,
      String method,
      String path,
      @Nullable String body,
      String... headers) {
    if (box == null) {
      throw new IllegalStateException("not listening");
    }
    var request =
        HttpRequest.newBuilder(URI.create(box.baseUri() + path))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    try (var http = HttpClient.newBuilder().sslContext(context(alias)).build()) {
      HttpResponse<String> answer =
          http.send(request.build(), HttpResponse.BodyHandlers.ofString());
      return new Answer(answer.statusCode(), answer.body(), answer.headers().map());
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(interrupted);
    }
  }

  private static SSLContext context(@Nullable String alias) {
    try {
      var trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      trusted.setCertificateEntry("ca", certificate("ca"));
      var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(trusted);
      var own = KeyStore.getInstance("PKCS12");
      own.load(null, null);
      if (alias != null) {
        own.setKeyEntry(
            alias, store().getKey(alias, PASSWORD), PASSWORD, store().getCertificateChain(alias));
      }
      var mine = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      mine.init(own, PASSWORD);
      var context = SSLContext.getInstance("TLS");
      context.init(mine.getKeyManagers(), trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException failed) {
      throw new IllegalStateException(failed);
    }
  }

  private static void make(String alias, String... more) throws Exception {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                alias,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-startdate",
                "2025/12/01 00:00:00",
                "-validity",
                "800",
                "-storetype",
                "PKCS12",
                "-storepass",
                new String(PASSWORD),
                "-keystore",
                folder.resolve("keys.p12").toString()));
    command.addAll(List.of(more));
    Process keytool = new ProcessBuilder(command).inheritIO().start();
    assertThat(keytool.waitFor()).as(alias).isZero();
  }

  private static KeyStore load() throws GeneralSecurityException, IOException {
    var store = KeyStore.getInstance("PKCS12");
    try (InputStream file = Files.newInputStream(folder.resolve("keys.p12"))) {
      store.load(file, PASSWORD);
    }
    return store;
  }

  private static KeyStore store() {
    if (keys == null) {
      throw new IllegalStateException("no keys yet");
    }
    return keys;
  }

  private static X509Certificate certificate(String alias) {
    try {
      return (X509Certificate) store().getCertificate(alias);
    } catch (GeneralSecurityException failed) {
      throw new IllegalStateException(failed);
    }
  }

  private static Path pem(String name, String kind, byte[] der) throws IOException {
    String text =
        "-----BEGIN "
            + kind
            + "-----\n"
            + Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                .encodeToString(der)
            + "\n-----END "
            + kind
            + "-----\n";
    return Files.writeString(folder.resolve(name), text);
  }
}
