package dev.countersign.sts;

import com.sun.net.httpserver.HttpServer;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import tools.jackson.databind.node.ObjectNode;

/// The transmitter's ingest, and the broker's revocation, as far as the token service sees them.
final class StubTransmitter implements AutoCloseable {
  final List<ObjectNode> events = new CopyOnWriteArrayList<>();
  final List<String> presenters = new CopyOnWriteArrayList<>();
  final List<String> revoked = new CopyOnWriteArrayList<>();
  final List<ObjectNode> ended = new CopyOnWriteArrayList<>();
  volatile int status = 201;
  private final HttpServer server;

  StubTransmitter() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    server.createContext(
        "/sources/sts/events",
        exchange -> {
          byte[] body = exchange.getRequestBody().readAllBytes();
          if (status == 201) {
            presenters.add(exchange.getRequestHeaders().getFirst(PresenterAssertion.HEADER));
            events.add(StrictJson.parseObject(body));
          }
          exchange.sendResponseHeaders(status, -1);
          exchange.close();
        });
    server.createContext(
        "/v1/countersign/tokens/revoke",
        exchange -> {
          byte[] body = exchange.getRequestBody().readAllBytes();
          if (status == 201) {
            revoked.add(StrictJson.parseObject(body).path("jti").stringValue());
          }
          exchange.sendResponseHeaders(status, -1);
          exchange.close();
        });
    for (String what : List.of("sessions", "clients")) {
      server.createContext(
          "/v1/countersign/" + what + "/revoke",
          exchange -> {
            ended.add(
                StrictJson.parseObject(exchange.getRequestBody().readAllBytes()).put("what", what));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
          });
    }
    server.start();
  }

  URI address() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  List<ObjectNode> about(String subject) {
    return events.stream()
        .filter(event -> subject.equals(event.path("sub_id").path("sub").stringValue()))
        .toList();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
