package dev.countersign.bench;

import com.sun.net.httpserver.HttpServer;
import dev.countersign.box.FreePort;
import dev.countersign.box.KeyFiles;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.protocol.StrictJson;
import dev.countersign.server.House;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A throw-away installation for the exchange benchmark: the refunds example with one more trust
/// anchor (whose keys this process serves) and more clients, in a server process of its own.
final class ExchangeStage implements AutoCloseable {
  private static final Pattern PORT = Pattern.compile("\\$\\{([A-Z_]+_PORT):");

  private final Path folder;
  private final HttpServer issuer;
  private final TokenRequests requests;
  private final ChildProcess server;

  private ExchangeStage(
      Path folder, HttpServer issuer, TokenRequests requests, ChildProcess server) {
    this.folder = folder;
    this.issuer = issuer;
    this.requests = requests;
    this.server = server;
  }

  /// Starts it with that many people, past grants and clients.
  static ExchangeStage open(Size size, List<String> jvmOptions) throws IOException {
    return open(size, jvmOptions, List.of());
  }

  /// The same without a ledger: boxes write their entries nowhere.
  static ExchangeStage withoutLedger(Size size, List<String> jvmOptions) throws IOException {
    return open(size, jvmOptions, List.of(ExchangeServer.NO_LEDGER));
  }

  private static ExchangeStage open(Size size, List<String> jvmOptions, List<String> more)
      throws IOException {
    Path folder = Files.createTempDirectory("countersign-bench-");
    HttpServer issuer =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    String address = "http://127.0.0.1:" + issuer.getAddress().getPort();
    var requests =
        new TokenRequests(address, size.people(), size.clients(), InstantSource.system());
    byte[] keys =
        StrictJson.write(KeyFiles.publicSet(List.of(requests.issuerKey())))
            .getBytes(StandardCharsets.UTF_8);
    issuer.createContext(
        "/keys",
        exchange -> {
          exchange.getResponseHeaders().add("Content-Type", "application/json");
          exchange.sendResponseHeaders(200, keys.length);
          exchange.getResponseBody().write(keys);
          exchange.close();
        });
    issuer.start();
    Path registration = folder.resolve("client.json");
    Files.writeString(registration, requests.registration());
    Path config = configuration(folder, address);
    var arguments = new ArrayList<String>();
    arguments.add(config.toString());
    arguments.add(String.valueOf(size.people()));
    arguments.add(String.valueOf(size.grants()));
    arguments.add(String.valueOf(size.clients()));
    arguments.add(registration.toString());
    arguments.add("COUNTERSIGN_DATA=" + folder.resolve("data"));
    arguments.addAll(freePorts(Files.readString(config)));
    arguments.addAll(more);
    try {
      ChildProcess server =
          ChildProcess.start(jvmOptions, ExchangeServer.class, arguments.toArray(String[]::new));
      return new ExchangeStage(folder, issuer, requests, server);
    } catch (IOException failed) {
      issuer.stop(0);
      delete(folder);
      throw failed;
    }
  }

  private static Path configuration(Path folder, String issuer) throws IOException {
    Path config = House.copyOfTheExample(folder.resolve("installation"));
    String anchor =
        """
          anchors:
            bench:
              token-type: %s
              issuer: %s
              jwks: %s/keys
              internal-hosts: [127.0.0.1]
              audiences: [%s]
              subject: sub
              mail: [email]
        """
            .formatted(TokenRequests.TOKEN_TYPE, issuer, issuer, TokenRequests.AUDIENCE);
    Files.writeString(config, Files.readString(config).replaceFirst("(?m)^  anchors:\\n", anchor));
    return config;
  }

  private static List<String> freePorts(String config) {
    return PORT.matcher(config)
        .results()
        .map(match -> match.group(1))
        .distinct()
        .map(name -> name + "=" + FreePort.any())
        .toList();
  }

  /// The project's folder, as the door names it.
  static Path home() {
    String home = System.getenv("COUNTERSIGN_HOME");
    return Path.of(home == null ? "." : home).toAbsolutePath().normalize();
  }

  TokenRequests requests() {
    return requests;
  }

  ChildProcess server() {
    return server;
  }

  URI endpoint() {
    return endpointOf(server.address());
  }

  static URI endpointOf(URI issuer) {
    return URI.create(issuer + "/oauth2/token");
  }

  /// Requests that this installation permits.
  List<byte[]> make(int count) {
    return make(count, TokenRequests.Proof.ES256);
  }

  /// The same, with assertions of this algorithm.
  List<byte[]> make(int count, TokenRequests.Proof proof) {
    return requests.make(endpoint(), server.address(), count, proof);
  }

  HttpLoad load(int connections) {
    return new HttpLoad(server.address(), connections);
  }

  @Override
  public void close() throws IOException {
    issuer.stop(0);
    server.close();
    delete(folder);
  }

  private static void delete(Path folder) throws IOException {
    EmbeddedPostgres.delete(folder.resolve("data")); // as root the cluster lies elsewhere
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /// How much the installation holds before the first request.
  record Size(int people, int grants, int clients) {}
}
