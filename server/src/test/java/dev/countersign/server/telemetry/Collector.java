package dev.countersign.server.telemetry;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;

/// Takes spans as an OpenTelemetry collector does: OTLP over HTTP, in Protocol Buffers, read by the
/// field numbers of the published format.
///
/// @spec https://opentelemetry.io/docs/specs/otlp/#otlphttp OTLP/HTTP
final class Collector implements AutoCloseable {
  private final HttpServer server;
  private final List<Reported> spans = new CopyOnWriteArrayList<>();
  private final List<String> bodies = new CopyOnWriteArrayList<>();

  Collector() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/v1/traces",
        exchange -> {
          byte[] body = exchange.getRequestBody().readAllBytes();
          bodies.add(HexFormat.of().formatHex(body));
          read(body);
          exchange.getResponseHeaders().add("Content-Type", "application/x-protobuf");
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    server.start();
  }

  URI address() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /// What came so far of one trace.
  List<Reported> spans(String traceId) {
    return spans.stream().filter(span -> span.traceId().equals(traceId)).toList();
  }

  /// Whether a text is anywhere in what came.
  boolean holds(String text) {
    String hex = HexFormat.of().formatHex(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    return bodies.stream().anyMatch(body -> body.contains(hex));
  }

  private void read(byte[] body) throws IOException {
    for (UnknownFieldSet resourceSpans : children(UnknownFieldSet.parseFrom(body), 1)) {
      String service =
          attributes(children(resourceSpans, 1).getFirst(), 1).getOrDefault("service.name", "");
      for (UnknownFieldSet scopeSpans : children(resourceSpans, 2)) {
        for (UnknownFieldSet span : children(scopeSpans, 2)) {
          spans.add(
              new Reported(
                  service,
                  text(span, 5),
                  hex(span, 1),
                  hex(span, 2),
                  hex(span, 4),
                  attributes(span, 9)));
        }
      }
    }
  }

  private static Map<String, String> attributes(UnknownFieldSet holder, int field)
      throws IOException {
    var attributes = new TreeMap<String, String>();
    for (UnknownFieldSet pair : children(holder, field)) {
      attributes.put(text(pair, 1), text(children(pair, 2).getFirst(), 1));
    }
    return attributes;
  }

  private static List<UnknownFieldSet> children(UnknownFieldSet message, int field)
      throws IOException {
    var children = new ArrayList<UnknownFieldSet>();
    for (ByteString child : message.getField(field).getLengthDelimitedList()) {
      children.add(UnknownFieldSet.parseFrom(child));
    }
    return children;
  }

  private static ByteString bytes(UnknownFieldSet message, int field) {
    List<ByteString> values = message.getField(field).getLengthDelimitedList();
    return values.isEmpty() ? ByteString.EMPTY : values.getFirst();
  }

  private static String text(UnknownFieldSet message, int field) {
    return bytes(message, field).toStringUtf8();
  }

  private static String hex(UnknownFieldSet message, int field) {
    return HexFormat.of().formatHex(bytes(message, field).toByteArray());
  }

  @Override
  public void close() {
    server.stop(0);
  }

  /// One span as it came.
  ///
  /// @param parent empty for the first of a trace
  record Reported(
      String service,
      String name,
      String traceId,
      String spanId,
      String parent,
      Map<String, String> attributes) {}
}
