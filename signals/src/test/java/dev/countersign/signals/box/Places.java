package dev.countersign.signals.box;

import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.ReplayGuard;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Stand-ins for the STS, the broker, Microsoft Graph with its token endpoint, and Okta: the wire
/// of each, with answers that a test may set.
final class Places implements AutoCloseable {
  static final Secret ENTRA_SECRET = new Secret(Ids.base62(32));
  static final Secret OKTA_TOKEN = new Secret(Ids.base62(32));

  /// What was called, each as `place subject-or-id txn`, in order, if the caller was accepted.
  final List<String> calls = new CopyOnWriteArrayList<>();

  private final Map<String, Queue<Scripted>> scripts = new ConcurrentHashMap<>();
  private final Set<String> graphTokens = ConcurrentHashMap.newKeySet();
  private final KeySource receiverKey;
  private final InstantSource clock;
  private volatile @Nullable CountDownLatch hanging;
  private final BoxServer server;
  private volatile PresenterAssertion.@Nullable Checker checker;

  Places(KeySource receiverKey, InstantSource clock) {
    this.receiverKey = receiverKey;
    this.clock = clock;
    server =
        BoxServer.start(
            BoxServer.Settings.of("places", Listener.loopback(0), new Health(), new Metrics()),
            this::routes);
  }

  URI base() {
    return server.baseUri();
  }

  /// The next answers of a place, before its usual ones.
  void next(String place, int times, int status, Map<String, String> headers) {
    Queue<Scripted> script = scripts.computeIfAbsent(place, _ -> new ArrayDeque<>());
    synchronized (script) {
      for (int i = 0; i < times; i++) {
        script.add(new Scripted(status, headers));
      }
    }
  }

  /// Lets Graph hang until the latch is open.
  void hangGraph(CountDownLatch latch) {
    hanging = latch;
  }

  long count(String call) {
    return calls.stream().filter(call::equals).count();
  }

  private void routes(HttpRouting.Builder routing) {
    routing
        .delete("/v1.0/auth/sessions/{subject}", this::endSession)
        .post("/v1/countersign/subjects/revoke", this::revokeLeases)
        .post("/tenant/oauth2/v2.0/token", this::token)
        .post("/graph/v1.0/users/{id}/revokeSignInSessions", this::revokeSignIns)
        .delete("/api/v1/users/{id}/sessions", this::endOktaSessions);
  }

  private void endSession(ServerRequest request, ServerResponse response) {
    if (!isReceiver(request)) {
      Http.empty(response, 401);
      return;
    }
    String txn = Http.header(request, "X-Countersign-Txn").orElse("");
    String subject = request.path().pathParameters().get("subject");
    calls.add("sts " + subject + " " + txn);
    if (!isScripted("sts", response)) {
      Http.empty(response, 204);
    }
  }

  private void revokeLeases(ServerRequest request, ServerResponse response) {
    if (!isReceiver(request)) {
      Http.empty(response, 403);
      return;
    }
    ObjectNode body = Http.jsonBody(request);
    calls.add("broker " + body.path("sub").asString() + " " + body.path("txn").asString());
    if (!isScripted("broker", response)) {
      ObjectNode answer = StrictJson.object();
      answer.putObject("data").put("revoked", 2);
      Http.json(response, 200, answer);
    }
  }

  private void token(ServerRequest request, ServerResponse response) {
    Map<String, String> form = Http.form(request);
    boolean isOurs =
        "client_credentials".equals(form.get("grant_type"))
            && "receiver-app".equals(form.get("client_id"))
            && ENTRA_SECRET.reveal().equals(form.get("client_secret"))
            && (base() + "/graph/.default").equals(form.get("scope"));
    if (!isOurs || isScripted("token", response)) {
      if (!isOurs) {
        Http.json(response, 401, StrictJson.object().put("error", "invalid_client"));
      }
      return;
    }
    String token = Ids.random();
    graphTokens.add(token);
    calls.add("token");
    Http.json(
        response,
        200,
        StrictJson.object()
            .put("access_token", token)
            .put("token_type", "Bearer")
            .put("expires_in", 3599));
  }

  private void revokeSignIns(ServerRequest request, ServerResponse response)
      throws InterruptedException {
    boolean isKnown =
        Http.bearer(request).map(Secret::reveal).filter(graphTokens::contains).isPresent();
    if (!isKnown) {
      Http.empty(response, 401);
      return;
    }
    calls.add("entra " + request.path().pathParameters().get("id"));
    CountDownLatch latch = hanging;
    if (latch != null) {
      latch.await();
    }
    if (!isScripted("entra", response)) {
      Http.json(response, 200, StrictJson.object().put("value", true));
    }
  }

  private void endOktaSessions(ServerRequest request, ServerResponse response) {
    boolean isOurs =
        Http.header(request, "Authorization")
            .filter(value -> value.equals("SSWS " + OKTA_TOKEN.reveal()))
            .isPresent();
    if (!isOurs) {
      Http.empty(response, 401);
      return;
    }
    calls.add(
        "okta " + request.path().pathParameters().get("id") + " " + request.query().rawValue());
    if (!isScripted("okta", response)) {
      Http.empty(response, 204);
    }
  }

  private boolean isScripted(String place, ServerResponse response) {
    Queue<Scripted> script = scripts.get(place);
    if (script == null) {
      return false;
    }
    Scripted next;
    synchronized (script) {
      next = script.poll();
    }
    if (next == null) {
      return false;
    }
    next.headers.forEach(response::header);
    Http.empty(response, next.status);
    return true;
  }

  private synchronized boolean isReceiver(ServerRequest request) {
    PresenterAssertion.Checker known = checker;
    if (known == null) {
      var seen = ConcurrentHashMap.<String>newKeySet();
      ReplayGuard replays = (issuer, id, _) -> seen.add(issuer + " " + id);
      known =
          new PresenterAssertion.Checker(
              Set.of(base().toString()), Map.of("receiver", receiverKey), replays, clock);
      checker = known;
    }
    PresenterAssertion.Checker by = known;
    return Http.header(request, PresenterAssertion.HEADER)
        .map(by::check)
        .filter(PresenterAssertion.Result.Presenter.class::isInstance)
        .isPresent();
  }

  @Override
  public void close() {
    CountDownLatch latch = hanging;
    if (latch != null) {
      latch.countDown();
    }
    server.close();
  }

  private record Scripted(int status, Map<String, String> headers) {}
}
