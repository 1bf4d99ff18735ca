package dev.countersign.bench;

import com.nimbusds.jose.jwk.RSAKey;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.countersign.box.KeyFiles;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// The identity provider of the kill benchmark: its people are whoever it is asked for, and it
/// notes when it was told to end their sessions, in the form of Okta's interface.
final class BenchProvider implements AutoCloseable {
  private static final String AUDIENCE = "api://bench";
  private static final int LIFETIME = 3_600;

  private final RSAKey key = KeyFiles.newRsa();
  private final JwtSigner signer = new JwtSigner(key);
  private final Map<String, Instant> told = new ConcurrentHashMap<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpServer server;
  private final InstantSource clock;

  private BenchProvider(HttpServer server, InstantSource clock) {
    this.server = server;
    this.clock = clock;
  }

  static BenchProvider start(InstantSource clock) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    var provider = new BenchProvider(server, clock);
    server.createContext("/keys", provider::keys);
    server.createContext("/api/v1/users/", provider::end);
    server.setExecutor(provider.threads);
    server.start();
    return provider;
  }

  String address() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /// A token of a person who signed in a minute ago.
  String signIn(String person) {
    long now = clock.instant().getEpochSecond();
    var claims = StrictJson.object();
    claims.put("iss", address()).put("aud", AUDIENCE).put("jti", Ids.random()).put("sub", person);
    claims.put("iat", now).put("exp", now + LIFETIME).put("auth_time", now - 60);
    claims.put("email", "someone@bench.example");
    return signer.sign("JWT", claims);
  }

  /// When it was first told to end the sessions of a person.
  Optional<Instant> toldAt(String person) {
    return Optional.ofNullable(told.get(person));
  }

  private void keys(HttpExchange exchange) throws IOException {
    byte[] keys =
        StrictJson.write(KeyFiles.publicSet(List.of(key))).getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, keys.length);
    exchange.getResponseBody().write(keys);
    exchange.close();
  }

  /// `DELETE /api/v1/users/{id}/sessions`.
  private void end(HttpExchange exchange) throws IOException {
    Instant now = clock.instant();
    String[] parts = exchange.getRequestURI().getPath().split("/", -1);
    boolean isEnd = exchange.getRequestMethod().equals("DELETE") && parts.length == 6;
    if (isEnd) {
      told.putIfAbsent(parts[4], now);
    }
    exchange.sendResponseHeaders(isEnd ? 204 : 404, -1);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.close();
  }
}
