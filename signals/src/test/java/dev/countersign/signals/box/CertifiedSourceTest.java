package dev.countersign.signals.box;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.StrictJson;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.transmit.TransmitterConfig;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A source that proves a certificate in the TLS handshake, over real TLS.
class CertifiedSourceTest {
  private static final char[] PASSWORD = "changeit".toCharArray();
  private static final List<String> NAMES = List.of("server", "mapper", "other", "expired");

  @TempDir static Path folder = Path.of("");

  private static @Nullable World world;
  private static @Nullable TransmitterBox box;

  @BeforeAll
  static void listenWithTls() throws Exception {
    world = new World();
    for (String name : NAMES) {
      String start = name.equals("expired") ? "2020/01/01 00:00:00" : "2025/12/01 00:00:00";
      make(name, start);
    }
    KeyStore keys = store();
    Path chain = pem("server.pem", "CERTIFICATE", keys.getCertificate("server").getEncoded());
    Path key = pem("key.pem", "PRIVATE KEY", keys.getKey("server", PASSWORD).getEncoded());
    TransmitterConfig usual = world().transmitterConfig(0);
    var source =
        new TransmitterConfig.Source(
            "mapper", Set.of("mapper"), Set.of(EventTypes.SESSION_REVOKED), World.STS_ISSUER);
    var old =
        new TransmitterConfig.Source(
            "old", Set.of("expired"), Set.of(EventTypes.SESSION_REVOKED), World.STS_ISSUER);
    var sources = new ArrayList<>(usual.sources().subList(0, 2));
    sources.add(source);
    sources.add(old);
    var config =
        new TransmitterConfig(
            new Listener("127.0.0.1", 0, Optional.of(new Listener.Tls(chain, key, true))),
            usual.issuer(),
            sources,
            usual.receivers(),
            usual.workloads(),
            usual.longestPoll(),
            usual.push(),
            usual.authorizations(),
            Map.of("mapper", thumbprint("mapper"), "expired", thumbprint("expired")),
            usual.keeping());
    box =
        TransmitterBox.start(
            config,
            world().transmitterDatabase,
            world().ledger,
            List.of(world().signingKey, World.PARTNER_SIGNING_KEY),
            world().clock);
  }

  @AfterAll
  static void stop() throws Exception {
    if (box != null) {
      box.close();
    }
    world().close();
  }

  @Test
  void aSourceWithItsCertificateHandsInAnEvent() throws Exception {
    assertThat(send("mapper", "mapper", "txn-1")).isEqualTo(201);
    assertThat(send("mapper", "mapper", "txn-1")).as("and again").isEqualTo(201);
  }

  @Test
  void J06_aCertificateOpensNoSourceOfOthers() throws Exception {
    assertThat(send("mapper", "sts", "txn-2")).isEqualTo(403);
  }

  @Test
  void J01_nobodyIsProvenWithoutACertificateThatIsKnownAndValid() throws Exception {
    assertThat(send(null, "mapper", "txn-3")).isEqualTo(401);
    assertThat(send("other", "mapper", "txn-3")).as("one of somebody else").isEqualTo(401);
    assertThat(send("expired", "old", "txn-3")).as("one that is over").isEqualTo(401);
  }

  @Test
  void J01_aHeaderInWhichAProxyWouldTellACertificateProvesNobody() throws Exception {
    String pem = Base64.getEncoder().encodeToString(store().getCertificate("mapper").getEncoded());
    for (String header : List.of("X-Client-Cert", "Client-Cert", "X-Forwarded-Client-Cert")) {
      assertThat(send(null, "mapper", "txn-4", header, ":" + pem + ":")).as(header).isEqualTo(401);
    }
  }

  @Test
  void CI08_aClientThatDoesNotKnowOurAuthoritySendsNothing() {
    var strange = HttpClient.newHttpClient();
    var request =
        HttpRequest.newBuilder(base().resolve("/.well-known/ssf-configuration")).GET().build();

    assertThatThrownBy(() -> strange.send(request, HttpResponse.BodyHandlers.ofString()))
        .isInstanceOf(javax.net.ssl.SSLException.class);
  }

  @Test
  void PU08_pushesNothingToAnEndpointWhoseCertificateNoAuthorityVouchesFor() throws Exception {
    var arrived = new CopyOnWriteArrayList<String>();
    var tls = new Listener.Tls(folder.resolve("server.pem"), folder.resolve("key.pem"));
    try (var endpoint =
        BoxServer.start(
            BoxServer.Settings.of(
                "endpoint",
                new Listener("127.0.0.1", 0, Optional.of(tls)),
                new Health(),
                new Metrics()),
            routing ->
                routing.post(
                    "/push",
                    (request, response) -> {
                      arrived.add(new String(Http.body(request), StandardCharsets.UTF_8));
                      Http.empty(response, 202);
                    }))) {
      TransmitterBox careful = world().transmitter();
      var body = StrictJson.object();
      body.putObject("delivery")
          .put("method", "urn:ietf:rfc:8935")
          .put("endpoint_url", endpoint.baseUri() + "/push");
      body.putArray("events_requested").add(EventTypes.SESSION_REVOKED);
      assertThat(world().call("partner", "POST", "/ssf/streams", body).status()).isEqualTo(201);
      world().kill(World.LENA, "txn-push");
      world().eventually("the push was tried", () -> !error().isEmpty());
      assertThat(arrived).isEmpty();
      careful.close();

      try (var trusting = HttpClient.newBuilder().sslContext(context(null)).build()) {
        var request =
            HttpRequest.newBuilder(URI.create(endpoint.baseUri() + "/push"))
                .POST(HttpRequest.BodyPublishers.ofString("known"))
                .build();
        assertThat(trusting.send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
            .as("who knows its certificate gets through")
            .isEqualTo(202);
      }
      assertThat(arrived).containsExactly("known");
    }
  }

  private static String error() {
    return world()
        .transmitterDatabase
        .query(connection -> {
          try (var statement = connection.createStatement();
              var rows =
                  statement.executeQuery("SELECT coalesce(max(last_error), '') FROM delivery")) {
            rows.next();
            return rows.getString(1);
          }
        });
  }

  private static int send(@Nullable String alias, String source, String txn, String... headers)
      throws Exception {
    var request =
        HttpRequest.newBuilder(base().resolve("/sources/" + source + "/events"))
            .header("Content-Type", "application/json")
            .POST(
                HttpRequest.BodyPublishers.ofString(
                    StrictJson.write(world().event(World.MAYA, txn))));
    if (headers.length > 0) {
      request.headers(headers);
    }
    try (var http = HttpClient.newBuilder().sslContext(context(alias)).build()) {
      return http.send(request.build(), HttpResponse.BodyHandlers.ofString()).statusCode();
    }
  }

  private static World world() {
    if (world == null) {
      throw new IllegalStateException("not started");
    }
    return world;
  }

  private static URI base() {
    if (box == null) {
      throw new IllegalStateException("not started");
    }
    return box.baseUri();
  }

  private static SSLContext context(@Nullable String alias)
      throws GeneralSecurityException, IOException {
    var trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("server", store().getCertificate("server"));
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
  }

  private static String thumbprint(String alias) throws GeneralSecurityException, IOException {
    return Digest.sha256(store().getCertificate(alias).getEncoded());
  }

  private static KeyStore store() throws GeneralSecurityException, IOException {
    var store = KeyStore.getInstance("PKCS12");
    try (InputStream file = Files.newInputStream(folder.resolve("keys.p12"))) {
      store.load(file, PASSWORD);
    }
    return store;
  }

  private static void make(String alias, String start) throws Exception {
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                alias,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=" + alias,
                "-ext",
                "san=ip:127.0.0.1",
                "-startdate",
                start,
                "-validity",
                "800",
                "-storetype",
                "PKCS12",
                "-storepass",
                new String(PASSWORD),
                "-keystore",
                folder.resolve("keys.p12").toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(keytool.waitFor()).as(alias).isZero();
  }

  private static Path pem(String name, String kind, byte[] der) throws IOException {
    String text =
        Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII)).encodeToString(der);
    return Files.writeString(
        folder.resolve(name),
        "-----BEGIN " + kind + "-----\n" + text + "\n-----END " + kind + "-----\n");
  }
}
