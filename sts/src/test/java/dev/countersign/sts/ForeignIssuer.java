package dev.countersign.sts;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jose.util.Base64URL;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.node.ObjectNode;

/// An identity provider as far as a token service sees one: keys at an address, and tokens.
final class ForeignIssuer implements AutoCloseable {
  /// Keys of this kind take seconds to draw, so all tests share them; all have the same key id.
  static final RSAKey ENTRA_KEY = rsa();

  static final RSAKey OKTA_KEY = rsa();
  static final RSAKey STRANGERS_KEY = rsa();
  final RSAKey key;
  final AtomicInteger fetches = new AtomicInteger();
  final List<Map<String, String>> asked = new CopyOnWriteArrayList<>();
  volatile InstantSource clock = InstantSource.system();
  volatile String signedIn = "nobody";
  volatile String acr = "";

  /// The groups, and likewise the roles, of people by their id.
  final Map<String, List<String>> groups = new ConcurrentHashMap<>();

  final Map<String, List<String>> roles = new ConcurrentHashMap<>();
  volatile boolean hidesAuthTime;
  volatile Duration sinceAuthentication = Duration.ZERO;
  private final Map<String, Map<String, String>> codes = new ConcurrentHashMap<>();
  private final HttpServer server;

  ForeignIssuer(RSAKey key) {
    this.key = key;
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    server.createContext(
        "/keys",
        exchange -> {
          fetches.incrementAndGet();
          byte[] body =
              ("{\"keys\":[" + key.toPublicJWK().toJSONString() + "]}")
                  .getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().set("Content-Type", "application/json");
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.createContext(
        "/.well-known/openid-configuration", exchange -> answer(exchange, 200, discovery()));
    server.createContext("/authorize", this::authorize);
    server.createContext("/token", this::redeem);
    server.start();
  }

  private ObjectNode discovery() {
    return StrictJson.object()
        .put("issuer", issuer())
        .put("authorization_endpoint", issuer() + "/authorize")
        .put("token_endpoint", issuer() + "/token")
        .put("jwks_uri", issuer() + "/keys");
  }

  /// Signs in whoever the test says, without a page of its own.
  private void authorize(HttpExchange exchange) throws IOException {
    Map<String, String> query = fields(exchange.getRequestURI().getRawQuery());
    asked.add(query);
    String code = Ids.random();
    codes.put(code, query);
    exchange
        .getResponseHeaders()
        .add(
            "Location",
            query.get("redirect_uri")
                + "?code="
                + code
                + "&state="
                + World.encode(query.getOrDefault("state", "")));
    exchange.sendResponseHeaders(302, -1);
    exchange.close();
  }

  private void redeem(HttpExchange exchange) throws IOException {
    Map<String, String> form =
        fields(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
    Map<String, String> query = codes.remove(form.getOrDefault("code", ""));
    if (query == null
        || !Digest.sha256(form.getOrDefault("code_verifier", ""))
            .equals(query.get("code_challenge"))
        || !query.getOrDefault("redirect_uri", "none").equals(form.get("redirect_uri"))) {
      answer(exchange, 400, StrictJson.object().put("error", "invalid_grant"));
      return;
    }
    Instant now = clock.instant();
    ObjectNode claims =
        StrictJson.object()
            .put("iss", issuer())
            .put("aud", query.get("client_id"))
            .put("sub", query.getOrDefault("test_person", signedIn))
            .put("oid", query.getOrDefault("test_person", signedIn))
            .put("name", "Lena Okafor")
            .put("nonce", query.get("nonce"))
            .put("iat", now.getEpochSecond())
            .put("exp", now.getEpochSecond() + 300)
            .put("auth_time", now.minus(sinceAuthentication).getEpochSecond());
    String person = query.getOrDefault("test_person", signedIn);
    groups.getOrDefault(person, List.of()).forEach(claims.withArray("groups")::add);
    roles.getOrDefault(person, List.of()).forEach(claims.withArray("roles")::add);
    if (query.containsKey("acr_values")) {
      claims.put("acr", acr.isEmpty() ? query.get("acr_values").split(" ", -1)[0] : acr);
    }
    if (query.containsKey("claims")) {
      var wanted = StrictJson.parseObject(query.get("claims")).path("id_token").path("acrs");
      claims.putArray("acrs").add(acr.isEmpty() ? wanted.path("value").asString("") : acr);
    }
    if (hidesAuthTime) {
      claims.remove("auth_time");
    }
    answer(exchange, 200, StrictJson.object().put("id_token", sign(claims)));
  }

  private static Map<String, String> fields(String encoded) {
    var fields = new HashMap<String, String>();
    for (String pair : encoded.split("&", -1)) {
      int equals = pair.indexOf('=');
      fields.put(
          URLDecoder.decode(pair.substring(0, equals), StandardCharsets.UTF_8),
          URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
    }
    return fields;
  }

  private static void answer(HttpExchange exchange, int status, ObjectNode json)
      throws IOException {
    byte[] body = StrictJson.write(json).getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private static RSAKey rsa() {
    try {
      return new RSAKeyGenerator(2048).keyID("idp-1").generate();
    } catch (JOSEException failed) {
      throw new IllegalStateException(failed);
    }
  }

  String issuer() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  URI keys() {
    return URI.create(issuer() + "/keys");
  }

  /// A token with the provider's own key.
  String sign(ObjectNode claims) {
    return sign(claims, "JWT", key);
  }

  static String sign(ObjectNode claims, String typ, RSAKey key) {
    var header =
        new JWSHeader.Builder(JWSAlgorithm.RS256)
            .type(new JOSEObjectType(typ))
            .keyID(key.getKeyID())
            .build();
    String input = header.toBase64URL() + "." + Base64URL.encode(StrictJson.write(claims));
    try {
      return input
          + "."
          + new RSASSASigner(key).sign(header, input.getBytes(StandardCharsets.US_ASCII));
    } catch (JOSEException failed) {
      throw new IllegalStateException(failed);
    }
  }

  /// A token whose header is whatever the test says; signed with RS256 over it if a key is given.
  static String raw(String header, String claims, RSAKey key) {
    String input = Base64URL.encode(header) + "." + Base64URL.encode(claims);
    try {
      return input
          + "."
          + new RSASSASigner(key)
              .sign(new JWSHeader(JWSAlgorithm.RS256), input.getBytes(StandardCharsets.US_ASCII));
    } catch (JOSEException failed) {
      throw new IllegalStateException(failed);
    }
  }

  static String id() {
    return Ids.base62(16);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
