package dev.countersign.broker.http;

import dev.countersign.box.Http;
import dev.countersign.broker.Lease;
import dev.countersign.broker.LeaseId;
import dev.countersign.broker.LeaseResult;
import dev.countersign.broker.Leases;
import dev.countersign.broker.PresenterProof;
import dev.countersign.protocol.StrictJson;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/// Vault's paths about leases, and the receiver's about all of a person, client or token.
///
/// A revocation has happened when its answer comes: Vault's `sync` is accepted and is always true.
final class LeaseRoutes {
  private static final String LOOKUP = "/v1/sys/leases/lookup";
  private static final String RENEW = "/v1/sys/leases/renew";
  private static final String REVOKE = "/v1/sys/leases/revoke";
  private static final String REVOKE_PREFIX = "/v1/sys/leases/revoke-prefix/";
  private static final String SETTLE = "/v1/countersign/tokens/settle";
  private static final String SESSIONS = "/v1/countersign/sessions/revoke";
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9_/-]{1,256}");

  private final Leases leases;
  private final Requests requests;
  private final Answers answers;
  private final InstantSource clock;

  LeaseRoutes(Leases leases, Requests requests, Answers answers, InstantSource clock) {
    this.leases = leases;
    this.requests = requests;
    this.answers = answers;
    this.clock = clock;
  }

  void install(HttpRouting.Builder routing) {
    Paths.write(routing, LOOKUP, this::lookup);
    Paths.list(routing, LOOKUP + "/*", this::list);
    for (String path : new String[] {RENEW, RENEW + "/*"}) {
      Paths.write(routing, path, this::renew);
    }
    for (String path : new String[] {REVOKE, REVOKE + "/*"}) {
      Paths.write(routing, path, this::revoke);
    }
    Paths.write(routing, REVOKE_PREFIX + "*", this::revokePrefix);
    Paths.write(routing, SESSIONS, this::revokeSession);
    Paths.nothingElse(routing, SESSIONS);
    revokeAll(routing, "/v1/countersign/subjects/revoke", "sub", leases::revokeSubject);
    revokeAll(routing, "/v1/countersign/clients/revoke", "client_id", leases::revokeClient);
    revokeAll(routing, "/v1/countersign/tokens/revoke", "jti", leases::revokeToken);
    Paths.write(routing, SETTLE, this::settle);
    Paths.nothingElse(
        routing,
        SETTLE,
        LOOKUP,
        LOOKUP + "/*",
        RENEW,
        RENEW + "/*",
        REVOKE,
        REVOKE + "/*",
        REVOKE_PREFIX + "*");
  }

  private void revokeAll(HttpRouting.Builder routing, String path, String member, RevokeAll work) {
    Paths.write(routing, path, (request, response) -> revokeAll(request, response, member, work));
    Paths.nothingElse(routing, path);
  }

  private void lookup(ServerRequest request, ServerResponse response) {
    LeaseId id = requests.read("lookup", () -> new LeaseId(leaseId(requests.body(request), "")));
    answer(request, response, "lookup", leases.lookup(id, requests.proof("lookup", request)));
  }

  private void list(ServerRequest request, ServerResponse response) {
    String prefix = requests.read("list", () -> rest(request, LOOKUP + "/"));
    answer(request, response, "list", leases.list(prefix, requests.proof("list", request)));
  }

  private void renew(ServerRequest request, ServerResponse response) {
    var asked =
        requests.read(
            "renew",
            () -> {
              ObjectNode body = requests.body(request);
              Requests.only(body, Set.of("lease_id", "increment"), "the body");
              return new Renewal(
                  new LeaseId(leaseId(body, idInPath(request, RENEW))), Times.increment(body));
            });
    answer(
        request,
        response,
        "renew",
        leases.renew(asked.id(), asked.increment(), requests.proof("renew", request)));
  }

  private void revoke(ServerRequest request, ServerResponse response) {
    LeaseId id =
        requests.read(
            "revoke",
            () -> {
              ObjectNode body = requests.body(request);
              Requests.only(body, Set.of("lease_id", "sync"), "the body");
              return new LeaseId(leaseId(body, idInPath(request, REVOKE)));
            });
    answer(request, response, "revoke", leases.revoke(id, requests.proof("revoke", request)));
  }

  private void revokePrefix(ServerRequest request, ServerResponse response) {
    String prefix =
        requests.read(
            "revoke-prefix",
            () -> {
              Requests.only(requests.body(request), Set.of("sync"), "the body");
              return rest(request, REVOKE_PREFIX);
            });
    answer(
        request,
        response,
        "revoke-prefix",
        leases.revokePrefix(prefix, requests.proof("revoke-prefix", request)));
  }

  private void revokeAll(
      ServerRequest request, ServerResponse response, String member, RevokeAll work) {
    ObjectNode body =
        requests.read(
            "revoke-all",
            () -> {
              ObjectNode sent = requests.body(request);
              Requests.only(sent, Set.of(member, "txn"), "the body");
              Requests.text(sent, member);
              Requests.text(sent, "txn");
              return sent;
            });
    told(
        request,
        response,
        work.revoke(
            Requests.text(body, member),
            Requests.text(body, "txn"),
            requests.proof("revoke-all", request)));
  }

  /// How many leases were ended.
  private void told(ServerRequest request, ServerResponse response, LeaseResult result) {
    if (result instanceof LeaseResult.Revoked(int count)) {
      requests.count("revoke-all", "ok");
      answers.send(request, response, VaultAnswer.data(StrictJson.object().put("revoked", count)));
    } else {
      answer(request, response, "revoke-all", result);
    }
  }

  private void revokeSession(ServerRequest request, ServerResponse response) {
    ObjectNode body =
        requests.read(
            "revoke-all",
            () -> {
              ObjectNode sent = requests.body(request);
              Requests.only(sent, Set.of("sub", "client_id", "txn"), "the body");
              Requests.text(sent, "sub");
              Requests.text(sent, "client_id");
              Requests.text(sent, "txn");
              return sent;
            });
    told(
        request,
        response,
        leases.revokeSession(
            Requests.text(body, "sub"),
            Requests.text(body, "client_id"),
            Requests.text(body, "txn"),
            requests.proof("revoke-all", request)));
  }

  private void settle(ServerRequest request, ServerResponse response) {
    String jti =
        requests.read(
            "settle",
            () -> {
              ObjectNode sent = requests.body(request);
              Requests.only(sent, Set.of("jti"), "the body");
              return Requests.text(sent, "jti");
            });
    answer(request, response, "settle", leases.settleToken(jti, requests.proof("settle", request)));
  }

  private void answer(
      ServerRequest request, ServerResponse response, String operation, LeaseResult result) {
    if (result instanceof LeaseResult.Refused(var refusal, String reason)) {
      requests.count(operation, refusal.code());
      throw VaultRefusal.of(refusal, reason);
    }
    requests.count(operation, "ok");
    switch (result) {
      case LeaseResult.Found(Lease lease) ->
          answers.send(request, response, VaultAnswer.data(describe(lease)));
      case LeaseResult.Listed listed ->
          answers.send(
              request, response, VaultAnswer.data(keys(rest(request, LOOKUP + "/"), listed)));
      case LeaseResult.Renewed(Lease lease) ->
          answers.send(
              request,
              response,
              VaultAnswer.lease(lease.id().text(), lease.remaining(clock.instant()).toSeconds()));
      case LeaseResult.Settled(boolean wasUsed) ->
          answers.send(
              request, response, VaultAnswer.data(StrictJson.object().put("used", wasUsed)));
      case LeaseResult.Revoked _ -> Http.empty(response, 204);
      case LeaseResult.Refused _ -> throw new IllegalStateException("answered above");
    }
  }

  // What stands one level below, as Vault tells it: names, and names of more with a slash.
  private static ObjectNode keys(String prefix, LeaseResult.Listed listed) {
    String folder = prefix.endsWith("/") ? prefix : prefix + "/";
    var names = new TreeSet<String>();
    for (LeaseId id : listed.ids()) {
      if (id.text().startsWith(folder)) {
        String below = id.text().substring(folder.length());
        int slash = below.indexOf('/');
        names.add(slash < 0 ? below : below.substring(0, slash + 1));
      }
    }
    if (names.isEmpty()) {
      throw VaultRefusal.empty();
    }
    ObjectNode data = StrictJson.object();
    var keys = data.putArray("keys");
    names.forEach(keys::add);
    return data;
  }

  private ObjectNode describe(Lease lease) {
    String id = lease.id().text();
    ObjectNode data =
        StrictJson.object()
            .put("id", id)
            .put("path", id.substring(0, id.lastIndexOf('/')))
            .put("issue_time", VaultAnswer.time(lease.issuedAt()))
            .put("expire_time", VaultAnswer.time(lease.expiresAt()))
            .put("renewable", lease.isRenewable())
            .put("ttl", lease.remaining(clock.instant()).toSeconds());
    lease
        .renewedAt()
        .ifPresentOrElse(
            renewed -> data.put("last_renewal", VaultAnswer.time(renewed)),
            () -> data.putNull("last_renewal"));
    return data;
  }

  private static String leaseId(ObjectNode body, String inPath) {
    if (!body.has("lease_id") && inPath.isEmpty()) {
      throw VaultRefusal.malformed("lease_id must be specified");
    }
    if (!body.has("lease_id")) {
      return inPath;
    }
    String inBody = Requests.text(body, "lease_id");
    if (!inPath.isEmpty() && !inPath.equals(inBody)) {
      throw VaultRefusal.malformed("`lease_id` differs from the path");
    }
    return inBody;
  }

  private static String idInPath(ServerRequest request, String path) {
    return request.path().rawPath().equals(path) ? "" : rest(request, path + "/");
  }

  // The path's own text: one spelling, no escapes.
  private static String rest(ServerRequest request, String before) {
    String path = request.path().rawPath();
    String rest = path.startsWith(before) ? path.substring(before.length()) : "";
    if (!ID.matcher(rest).matches()) {
      throw VaultRefusal.unsupportedPath();
    }
    return rest;
  }

  private record Renewal(LeaseId id, Optional<Duration> increment) {}

  @FunctionalInterface
  private interface RevokeAll {
    LeaseResult revoke(String name, String transaction, PresenterProof proof);
  }
}
