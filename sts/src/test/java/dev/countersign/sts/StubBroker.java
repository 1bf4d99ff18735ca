package dev.countersign.sts;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;

/// A broker of which only the place exists where the token service asks whether a token was used.
final class StubBroker implements AutoCloseable {
  final Set<String> used = ConcurrentHashMap.newKeySet();
  final List<String> asked = new CopyOnWriteArrayList<>();

  /// What it answers instead of the truth; empty for the truth.
  volatile String instead = "";

  private final HttpServer server;
  private final PresenterAssertion.Checker checker;

  /// @param sts the public keys of the token service's workload
  StubBroker(KeySource sts, InstantSource clock) {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    checker =
        new PresenterAssertion.Checker(
            Set.of(address().toString()), Map.of("sts", sts), (_, _, _) -> true, clock);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/v1/countersign/tokens/settle", this::settle);
    server.start();
  }

  URI address() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  private void settle(HttpExchange call) throws IOException {
    String jti =
        StrictJson.parseObject(call.getRequestBody().readAllBytes()).path("jti").asString("");
    asked.add(jti);
    boolean isProven =
        checker.check(call.getRequestHeaders().getFirst(PresenterAssertion.HEADER))
            instanceof PresenterAssertion.Result.Presenter;
    String answer =
        instead.isEmpty() ? "{\"data\":{\"used\":" + used.contains(jti) + "}}" : instead;
    byte[] body = answer.getBytes(StandardCharsets.UTF_8);
    call.sendResponseHeaders(instead.equals("503") ? 503 : isProven ? 200 : 403, body.length);
    call.getResponseBody().write(body);
    call.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
