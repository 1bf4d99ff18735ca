package dev.countersign.broker.http;

import dev.countersign.box.Http;
import dev.countersign.broker.Lease;
import dev.countersign.broker.LeaseId;
import dev.countersign.broker.LeaseResult;
import dev.countersign.broker.Leases;
import dev.countersign.broker.PresenterProof;
import dev.countersign.protocol.StrictJson;
import io.helidon.http.Method;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Vault's paths about leases, and the receiver's about all of a person, client or token.
///
/// A revocation has happened when its answer comes: Vault's `sync` is accepted and is always true.
final class LeaseRoutes {
  private static final String LOOKUP = "/v1/sys/leases/lookup";
  private static final String RENEW = "/v1/sys/leases/renew";
  private static final String REVOKE = "/v1/sys/leases/revoke";
  private static final String REVOKE_PREFIX = "/v1/sys/leases/revoke-prefix/";
  private static final Method LIST = Method.create("LIST");
  private static final Method[] WRITE = {Method.POST, Method.PUT};
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9_/-]{1,256}");
  private static final Pattern SECONDS = Pattern.compile("([0-9]{1,6})(s|m|h)?");

  private final Leases leases;
  private final Requests requests;
  private final InstantSource clock;

  LeaseRoutes(Leases leases, Requests requests, InstantSource clock) {
    this.leases = leases;
    this.requests = requests;
    this.clock = clock;
  }

  void install(HttpRouting.Builder routing) {
    write(routing, LOOKUP, this::lookup);
    routing.route(LIST, LOOKUP + "/*", this::list);
    routing.get(LOOKUP + "/*", this::listByQuery);
    for (String path : new String[] {RENEW, RENEW + "/*"}) {
      write(routing, path, this::renew);
    }
    for (String path : new String[] {REVOKE, REVOKE + "/*"}) {
      write(routing, path, this::revoke);
    }
    write(routing, REVOKE_PREFIX + "*", this::revokePrefix);
    write(
        routing,
        "/v1/countersign/subjects/revoke",
        (request, response) -> revokeAll(request, response, "sub", leases::revokeSubject));
    write(
        routing,
        "/v1/countersign/clients/revoke",
        (request, response) -> revokeAll(request, response, "client_id", leases::revokeClient));
    write(
        routing,
        "/v1/countersign/tokens/revoke",
        (request, response) -> revokeAll(request, response, "jti", leases::revokeToken));
  }

  private static void write(HttpRouting.Builder routing, String path, Handler handler) {
    for (Method method : WRITE) {
      routing.route(method, path, handler);
    }
  }

  private void lookup(ServerRequest request, ServerResponse response) {
    LeaseId id = requests.read("lookup", () -> new LeaseId(leaseId(requests.body(request), "")));
    answer(response, "lookup", leases.lookup(id, requests.proof("lookup", request)));
  }

  private void listByQuery(ServerRequest request, ServerResponse response) {
    if (!request.query().rawValue().equals("list=true")) {
      throw VaultRefusal.unsupportedOperation();
    }
    list(request, response);
  }

  private void list(ServerRequest request, ServerResponse response) {
    String prefix = requests.read("list", () -> rest(request, LOOKUP + "/"));
    answer(response, "list", leases.list(prefix, requests.proof("list", request)));
  }

  private void renew(ServerRequest request, ServerResponse response) {
    var asked =
        requests.read(
            "renew",
            () -> {
              ObjectNode body = requests.body(request);
              Requests.only(body, Set.of("lease_id", "increment"), "the body");
              return new Renewal(
                  new LeaseId(leaseId(body, idInPath(request, RENEW))), increment(body));
            });
    answer(
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
    answer(response, "revoke", leases.revoke(id, requests.proof("revoke", request)));
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
    LeaseResult result =
        work.revoke(
            Requests.text(body, member),
            Requests.text(body, "txn"),
            requests.proof("revoke-all", request));
    if (result instanceof LeaseResult.Revoked(int count)) {
      requests.count("revoke-all", "ok");
      VaultAnswer.data(response, StrictJson.object().put("revoked", count));
    } else {
      answer(response, "revoke-all", result);
    }
  }

  private void answer(ServerResponse response, String operation, LeaseResult result) {
    if (result instanceof LeaseResult.Refused(var refusal, String reason)) {
      requests.count(operation, refusal.code());
      throw VaultRefusal.of(refusal, reason);
    }
    requests.count(operation, "ok");
    switch (result) {
      case LeaseResult.Found(Lease lease) -> VaultAnswer.data(response, describe(lease));
      case LeaseResult.Listed listed -> keys(response, listed);
      case LeaseResult.Renewed(Lease lease) ->
          VaultAnswer.lease(
              response, lease.id().text(), lease.remaining(clock.instant()).toSeconds());
      case LeaseResult.Revoked _ -> Http.empty(response, 204);
      case LeaseResult.Refused _ -> throw new IllegalStateException("answered above");
    }
  }

  private static void keys(ServerResponse response, LeaseResult.Listed listed) {
    if (listed.ids().isEmpty()) {
      throw VaultRefusal.empty();
    }
    var data = StrictJson.object();
    var keys = data.putArray("keys");
    listed.ids().forEach(id -> keys.add(id.text()));
    VaultAnswer.data(response, data);
  }

  private ObjectNode describe(Lease lease) {
    String id = lease.id().text();
    ObjectNode data =
        StrictJson.object()
            .put("id", id)
            .put("path", id.substring(0, id.lastIndexOf('/')))
            .put("issue_time", time(lease.issuedAt()))
            .put("expire_time", time(lease.expiresAt()))
            .put("renewable", lease.isRenewable())
            .put("ttl", lease.remaining(clock.instant()).toSeconds());
    lease
        .renewedAt()
        .ifPresentOrElse(
            renewed -> data.put("last_renewal", time(renewed)), () -> data.putNull("last_renewal"));
    return data;
  }

  private static String time(Instant instant) {
    return DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(instant.atOffset(ZoneOffset.UTC));
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

  /// Vault takes seconds as a number or a text, or a text with a unit; 0 means the usual time.
  private static Optional<Duration> increment(ObjectNode body) {
    JsonNode value = body.path("increment");
    if (value.isMissingNode()) {
      return Optional.empty();
    }
    Matcher matcher = SECONDS.matcher(value.asString(""));
    if (!(value.isString() || value.isIntegralNumber()) || !matcher.matches()) {
      throw VaultRefusal.malformed("`increment` must be seconds, or a text such as `5m`");
    }
    long amount = Long.parseLong(matcher.group(1));
    Duration duration =
        switch (String.valueOf(matcher.group(2))) {
          case "m" -> Duration.ofMinutes(amount);
          case "h" -> Duration.ofHours(amount);
          default -> Duration.ofSeconds(amount);
        };
    return duration.isZero() ? Optional.empty() : Optional.of(duration);
  }

  private record Renewal(LeaseId id, Optional<Duration> increment) {}

  @FunctionalInterface
  private interface RevokeAll {
    LeaseResult revoke(String name, String transaction, PresenterProof proof);
  }
}
