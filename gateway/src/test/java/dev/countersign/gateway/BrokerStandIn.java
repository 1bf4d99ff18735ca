package dev.countersign.gateway;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.BoxServer;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.KeyFiles;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.box.TestState;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerificationKeys;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.node.ObjectNode;

/// Speaks the broker's wire and makes real logins in the test's database.
final class BrokerStandIn implements AutoCloseable {
  private final BoxServer server;
  private final DatabaseSettings admin;
  private final PresenterAssertion.Checker presenters;
  private final Map<String, String> logins = new ConcurrentHashMap<>();

  /// What each mint carried in `X-Vault-Token`, and all headers of all requests.
  final List<String> tokens = new CopyOnWriteArrayList<>();

  final List<String> headers = new CopyOnWriteArrayList<>();
  final List<String> minted = new CopyOnWriteArrayList<>();
  final List<String> revoked = new CopyOnWriteArrayList<>();
  final List<String> names = new CopyOnWriteArrayList<>();
  final List<String> passwords = new CopyOnWriteArrayList<>();
  final AtomicInteger revokeFailures = new AtomicInteger();
  final AtomicInteger revokeAttempts = new AtomicInteger();
  volatile String refusal = "";
  volatile int mintStatus = 200;
  volatile boolean wrongPassword;

  BrokerStandIn(ECKey gateway, DatabaseSettings admin, InstantSource clock) {
    this.admin = admin;
    var settings =
        BoxServer.Settings.of("broker", Listener.loopback(0), new Health(), new Metrics());
    this.server =
        BoxServer.start(
            settings,
            routing ->
                routing
                    .post("/v1/verify-rar/creds/{role}", this::mint)
                    .post("/v1/sys/leases/revoke", this::revoke));
    this.presenters =
        new PresenterAssertion.Checker(
            Set.of(server.baseUri().toString()),
            Map.of(
                "gateway",
                KeySource.of(VerificationKeys.parse(KeyFiles.publicSet(List.of(gateway))))),
            (_, _, _) -> true,
            clock);
  }

  void reset() {
    List.of(tokens, headers, minted, revoked, names, passwords).forEach(List::clear);
    revokeFailures.set(0);
    revokeAttempts.set(0);
    refusal = "";
    mintStatus = 200;
    wrongPassword = false;
  }

  URI uri() {
    return server.baseUri();
  }

  private boolean isGateway(ServerRequest request) {
    request.headers().forEach(header -> headers.add(header.name() + ": " + header.values()));
    String assertion = Http.header(request, PresenterAssertion.HEADER).orElse("");
    return presenters.check(assertion) instanceof PresenterAssertion.Result.Presenter;
  }

  private void mint(ServerRequest request, ServerResponse response) {
    tokens.add(Http.header(request, "X-Vault-Token").orElse(""));
    if (!isGateway(request)) {
      refuse(response, "PRESENTER_REFUSED: no proof");
    } else if (!refusal.isEmpty()) {
      refuse(response, refusal);
    } else if (mintStatus != 200) {
      Http.json(response, mintStatus, StrictJson.object());
    } else {
      String login = "v_" + Ids.base62(16).toLowerCase(Locale.ROOT);
      String password = Ids.base62(40);
      TestState.shared()
          .execute(
              admin,
              "CREATE ROLE "
                  + login
                  + " LOGIN PASSWORD '"
                  + password
                  + "' IN ROLE clerks;"
                  + "INSERT INTO canary VALUES ('"
                  + login
                  + "', '"
                  + password
                  + "')");
      String lease = "verify-rar/creds/refunds/" + Ids.base62(24);
      logins.put(lease, login);
      minted.add(lease);
      names.add(login);
      passwords.add(password);
      ObjectNode body = StrictJson.object().put("request_id", Ids.random());
      body.put("lease_id", lease).put("renewable", false).put("lease_duration", 300);
      body.putObject("data")
          .put("username", login)
          .put("password", wrongPassword ? "wrong" : password);
      Http.json(response, 200, body);
    }
  }

  private static void refuse(ServerResponse response, String error) {
    ObjectNode body = StrictJson.object();
    body.putArray("errors").add(error).add("permission denied");
    Http.json(response, 403, body);
  }

  private void revoke(ServerRequest request, ServerResponse response) {
    revokeAttempts.incrementAndGet();
    String lease = Http.jsonBody(request).path("lease_id").asString("");
    if (!isGateway(request)) {
      refuse(response, "permission denied");
    } else if (revokeFailures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
      Http.json(response, 500, StrictJson.object());
    } else {
      String login = logins.remove(lease);
      if (login != null) {
        TestState.shared()
            .execute(
                admin,
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '"
                    + login
                    + "'; DELETE FROM canary WHERE login = '"
                    + login
                    + "'; DROP ROLE "
                    + login);
        revoked.add(lease);
      }
      Http.empty(response, 204);
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
