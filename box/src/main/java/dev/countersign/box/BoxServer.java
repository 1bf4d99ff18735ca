package dev.countersign.box;

import dev.countersign.protocol.Spans;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TraceContext;
import io.helidon.common.context.Context;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.helidon.webserver.http1.Http1Config;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// The HTTP server of one box: its listener, `/healthz`, `/readyz`, `/metrics`, and one edge where
/// every exception becomes an answer.
public final class BoxServer implements AutoCloseable {
  private static final Duration GRACE = Duration.ofSeconds(5);
  private static final Duration READ_LIMIT = Duration.ofSeconds(20);
  private static final Duration IDLE_CHECK = Duration.ofSeconds(10);
  private static final Duration IDLE_LIMIT = Duration.ofSeconds(75);
  private static final int MAX_CONNECTIONS = 4_096;
  private static final HeaderName TRACEPARENT = HeaderNames.create(TraceContext.HEADER);
  private static final Set<String> PROBES = Set.of("/healthz", "/readyz", "/metrics");

  private final WebServer server;
  private final ReadDeadlines deadlines;
  private final URI baseUri;

  private BoxServer(WebServer server, ReadDeadlines deadlines, URI baseUri) {
    this.server = server;
    this.deadlines = deadlines;
    this.baseUri = baseUri;
  }

  /// Starts listening.
  ///
  /// @param routes adds the box's routes; its error handlers take precedence over the common edge
  /// @throws ListenFailure if it cannot listen there, with the reason in one line
  public static BoxServer start(Settings settings, Consumer<HttpRouting.Builder> routes) {
    return start(settings, READ_LIMIT, routes);
  }

  static BoxServer start(
      Settings settings, Duration readLimit, Consumer<HttpRouting.Builder> routes) {
    Logs.bridge();
    Listener listener = settings.listener();
    InetAddress address = listener.address();
    var edge = new Edge(settings.box());
    var deadlines = new ReadDeadlines(readLimit);
    var bodies = new BodyLimit(settings.maxBodyBytes(), deadlines);
    boolean started = false;
    try {
      var builder =
          WebServer.builder()
              .address(address)
              .port(listener.port())
              .shutdownHook(false)
              .featuresDiscoverServices(false)
              .shutdownGracePeriod(GRACE)
              .maxPayloadSize(bodies.hardLimit())
              .maxTcpConnections(MAX_CONNECTIONS)
              .idleConnectionTimeout(IDLE_LIMIT)
              .idleConnectionPeriod(IDLE_CHECK)
              .serverContext(context(bodies))
              .addProtocol(Http1Config.builder().addReceiveListener(deadlines).build())
              .directHandlers(edge::direct)
              .routing(routing -> route(routing, settings, bodies, edge, routes));
      listener.tls().ifPresent(files -> builder.tls(PemFiles.serverTls(files)));
      probe(settings.box(), listener, address);
      WebServer server = builder.build().start();
      if (!server.isRunning()) {
        throw new ListenFailure(
            settings.box() + " cannot listen on " + listener.host() + ":" + listener.port(), null);
      }
      started = true;
      return new BoxServer(server, deadlines, baseUri(listener, address, server.port()));
    } finally {
      if (!started) {
        deadlines.close();
      }
    }
  }

  private static Context context(BodyLimit bodies) {
    Context context = Context.create();
    context.register(bodies);
    return context;
  }

  private static void route(
      HttpRouting.Builder routing,
      Settings settings,
      BodyLimit bodies,
      Edge edge,
      Consumer<HttpRouting.Builder> routes) {
    Metrics metrics = settings.metrics();
    routing
        .addFilter((chain, request, response) -> {
          long start = System.nanoTime();
          try {
            chain.proceed();
          } finally {
            metrics.request(
                settings.box(),
                request.prologue().method().text(),
                response.status().code(),
                Duration.ofNanos(System.nanoTime() - start));
          }
        })
        .addFilter((chain, request, response) -> {
          bodies.refuseLarge(request);
          inTrace(settings.box(), request, response, chain::proceed);
        })
        .get("/healthz", (_, response) -> alive(response))
        .get("/readyz", (_, response) -> ready(settings.health(), response))
        .get(
            "/metrics",
            (_, response) -> Http.text(response, 200, Metrics.CONTENT_TYPE, metrics.scrape()));
    routes.accept(routing);
    routing.any(BoxServer::unknownPath);
    // The first handler of an exception counts, so the box's own come before these.
    edge.install(routing);
  }

  private static void inTrace(
      String box, RoutingRequest request, RoutingResponse response, Runnable answer) {
    String header = request.headers().first(TRACEPARENT).orElse("");
    if (PROBES.contains(request.path().rawPath())) {
      TraceContext.entering(header).run(answer); // asked every few seconds: no span
      return;
    }
    String method = Metrics.method(request.prologue().method().text());
    Spans.Span span = Spans.entering(box, method, header);
    try {
      span.context().run(answer);
    } finally {
      request
          .matchingPattern()
          .ifPresent(route -> {
            span.name(method + " " + route);
            span.note("http.route", route);
          });
      int status = response.status().code();
      span.note("http.request.method", method);
      span.note("http.response.status_code", Integer.toString(status));
      if (status >= Status.INTERNAL_SERVER_ERROR_500.code()) {
        span.fail();
      }
      span.end();
    }
  }

  // The web server only logs why it cannot listen.
  private static void probe(String box, Listener listener, InetAddress address) {
    try (var socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(address, listener.port()));
    } catch (IOException refused) {
      String why = String.valueOf(refused.getMessage());
      String reason =
          why.contains("in use")
              ? "the port is in use; stop what listens there or choose another port"
              : why.contains("ermission")
                  ? "ports below 1024 need a privilege; choose a higher port"
                  : "this machine does not have that address; choose another host";
      throw new ListenFailure(
          box + " cannot listen on " + listener.host() + ":" + listener.port() + ": " + reason,
          refused);
    }
  }

  private static URI baseUri(Listener listener, InetAddress address, int port) {
    String host = address.isAnyLocalAddress() ? "localhost" : listener.host();
    if (host.contains(":")) {
      host = "[" + host + "]";
    }
    return URI.create((listener.tls().isPresent() ? "https" : "http") + "://" + host + ":" + port);
  }

  private static void alive(ServerResponse response) {
    Http.json(response, 200, StrictJson.object().put("status", "ok"));
  }

  private static void ready(Health health, ServerResponse response) {
    Map<String, Boolean> states = health.look();
    boolean ready = !states.containsValue(false);
    ObjectNode body = StrictJson.object().put("status", ready ? "ok" : "unavailable");
    ObjectNode checks = body.putObject("checks");
    states.forEach((name, up) -> checks.put(name, up ? "up" : "down"));
    Http.json(response, ready ? 200 : 503, body);
  }

  private static void unknownPath(ServerRequest request, ServerResponse response) {
    Edge.answer(response, EdgeError.NOT_FOUND, null);
  }

  /// The box's own address, without path: `https://host:port`; `localhost` for a listener on all
  /// addresses.
  public URI baseUri() {
    return baseUri;
  }

  public int port() {
    return server.port();
  }

  /// Stops listening, lets running requests finish for a few seconds, then ends them.
  @Override
  public void close() {
    server.stop();
    deadlines.close();
  }

  /// What one box's server is made of.
  ///
  /// @param box the box's name in metrics and logs
  /// @param maxBodyBytes the largest request body it accepts; a larger one gets 413
  public record Settings(
      String box, Listener listener, Health health, Metrics metrics, int maxBodyBytes) {
    /// 64 KiB for a body: enough for any token request.
    public static Settings of(String box, Listener listener, Health health, Metrics metrics) {
      return new Settings(box, listener, health, metrics, 1 << 16);
    }
  }

  /// A box cannot listen where it should. The message is one line for the operator.
  public static final class ListenFailure extends RuntimeException {
    public ListenFailure(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }
}
