package dev.countersign.box;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.protocol.http.WireClient;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ListenerTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  @TempDir static Path folder;
  private static KeyStore own;

  @BeforeAll
  static void makeCertificates() throws Exception {
    own = selfSigned("own");
    selfSigned("other");
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "127.0.0.9", "localhost", "::1"})
  void servesPlainHttpOnLoopback(String host) {
    assertThatCode(() -> new Listener(host, 0, Optional.empty())).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "::", "192.0.2.1", "10.0.0.1"})
  void refusesPlainHttpElsewhere(String host) {
    assertThatThrownBy(() -> new Listener(host, 0, Optional.empty()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("loopback only");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "no such host", "no-such-host.invalid"})
  void refusesAHostThatIsNone(String host) {
    assertThatThrownBy(() -> new Listener(host, 0, Optional.empty()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("`host`");
  }

  @Test
  void servesTlsFromPemFiles() throws Exception {
    var tls = new Listener.Tls(file("own.crt"), file("own.key"));
    try (var server = start(new Listener("127.0.0.1", 0, Optional.of(tls)))) {
      assertThat(server.baseUri().toString()).startsWith("https://127.0.0.1:");
      try (var client = client("TLSv1.3")) {
        assertThat(ask(client, server.baseUri()).statusCode()).isEqualTo(200);
      }
      try (var client = client("TLSv1.2")) {
        assertThat(ask(client, server.baseUri()).statusCode()).isEqualTo(200);
      }
      try (var stranger = HttpClient.newHttpClient()) {
        assertThatThrownBy(() -> ask(stranger, server.baseUri()))
            .isInstanceOf(SSLHandshakeException.class);
      }
    }
  }

  @Test
  void doesNotAnswerPlainHttpOnATlsListener() {
    var tls = new Listener.Tls(file("own.crt"), file("own.key"));
    try (var server = start(new Listener("127.0.0.1", 0, Optional.of(tls)));
        var client = HttpClient.newHttpClient()) {
      URI plain = URI.create("http://127.0.0.1:" + server.port());
      assertThatThrownBy(() -> ask(client, plain)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void namesTheFileThatIsWrong() throws Exception {
    Path none = file("none.crt");
    Path text = Files.writeString(file("text.pem"), "hello");
    Path pkcs1 =
        Files.writeString(
            file("pkcs1.key"), "-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----");
    refuses(none, file("own.key"), "no such file");
    refuses(text, file("own.key"), "certificate");
    refuses(file("own.crt"), file("none.key"), "no such file");
    refuses(file("own.crt"), pkcs1, "openssl pkcs8");
    refuses(file("own.crt"), file("other.key"), "is not the key of the certificate");
  }

  @Test
  void B12_theGuardedClientTrustsNoCertificateButThatOfANamedAuthority() throws Exception {
    var tls = new Listener.Tls(file("own.crt"), file("own.key"));
    var internal = new AddressGuard(Set.of("127.0.0.1", "127.0.0.9"));
    try (var server = start(new Listener("127.0.0.1", 0, Optional.of(tls)))) {
      URI address = server.baseUri().resolve("/healthz");
      var trusting = new GuardedWire(internal, Optional.of(file("own.crt")));
      assertThat(trusting.get(address, Map.of(), LIMIT).status()).isEqualTo(200);
      refused(new GuardedWire(internal, Optional.empty()), address);
      refused(new GuardedWire(internal, Optional.of(file("other.crt"))), address);
    }
  }

  @Test
  void B12_theGuardedClientRefusesACertificateOfAnotherName() throws Exception {
    var tls = new Listener.Tls(file("own.crt"), file("own.key"));
    var internal = new AddressGuard(Set.of("127.0.0.9"));
    try (var server = start(new Listener("127.0.0.9", 0, Optional.of(tls)))) {
      refused(
          new GuardedWire(internal, Optional.of(file("own.crt"))),
          server.baseUri().resolve("/healthz"));
    }
  }

  private static void refused(GuardedWire wire, URI address) {
    assertThatThrownBy(() -> wire.get(address, Map.of(), LIMIT))
        .isInstanceOf(WireClient.WireFailure.class)
        .hasMessageContaining("certificate");
  }

  private static void refuses(Path certificate, Path key, String reason) {
    var tls = new Listener.Tls(certificate, key);
    assertThatThrownBy(() -> start(new Listener("127.0.0.1", 0, Optional.of(tls))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(reason)
        .hasMessageContaining(folder.toString());
  }

  private static BoxServer start(Listener listener) {
    return BoxServer.start(
        BoxServer.Settings.of("test", listener, new Health(), new Metrics()), _ -> {});
  }

  private static HttpResponse<String> ask(HttpClient client, URI base) throws Exception {
    return client.send(
        HttpRequest.newBuilder(base.resolve("/healthz")).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static HttpClient client(String protocol) throws Exception {
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    var store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setCertificateEntry("own", own.getCertificate("own"));
    trust.init(store);
    var context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    var parameters = new SSLParameters();
    parameters.setProtocols(new String[] {protocol});
    return HttpClient.newBuilder().sslContext(context).sslParameters(parameters).build();
  }

  private static KeyStore selfSigned(String name) throws Exception {
    Path store = file(name + ".p12");
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
            .inheritIO()
            .start();
    assertThat(keytool.waitFor()).isZero();
    KeyStore keys = KeyStore.getInstance(store.toFile(), "changeit".toCharArray());
    PrivateKey key = (PrivateKey) keys.getKey(name, "changeit".toCharArray());
    pem(name + ".crt", "CERTIFICATE", keys.getCertificate(name).getEncoded());
    pem(name + ".key", "PRIVATE KEY", key.getEncoded());
    return keys;
  }

  private static void pem(String name, String label, byte[] der) throws IOException {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    Files.writeString(
        file(name), "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n");
  }

  private static Path file(String name) {
    return folder.resolve(name);
  }
}
