package dev.countersign.sts;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jose.util.Base64URL;
import com.sun.net.httpserver.HttpServer;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
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
    server.start();
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
