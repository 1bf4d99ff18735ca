package dev.countersign.broker.http;

import dev.countersign.box.Http;
import dev.countersign.broker.CredentialMint;
import dev.countersign.broker.LeaseId;
import dev.countersign.broker.Leases;
import dev.countersign.broker.MintPath;
import dev.countersign.broker.MintRequest;
import dev.countersign.broker.MintResult;
import dev.countersign.broker.Refusal;
import dev.countersign.broker.Refusals;
import dev.countersign.protocol.AuthorizationDetails;
import io.helidon.http.Method;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// The broker's paths. POST and PUT mean the same, as in Vault.
public final class BrokerRoutes {
  private static final String CREDS = "/v1/" + LeaseId.MOUNT;
  private static final String HEALTH = "/v1/sys/health";
  private static final Method[] WRITE = {Method.POST, Method.PUT};

  private final CredentialMint mint;
  private final LeaseRoutes leases;
  private final Requests requests;
  private final InstantSource clock;

  public BrokerRoutes(
      CredentialMint mint,
      Leases leases,
      Refusals refusals,
      Outcomes outcomes,
      InstantSource clock) {
    this.mint = mint;
    this.requests = new Requests(refusals, outcomes);
    this.leases = new LeaseRoutes(leases, requests, clock);
    this.clock = clock;
  }

  /// Adds the paths and Vault's form of errors.
  public void install(HttpRouting.Builder routing) {
    VaultErrors.install(routing);
    write(routing, CREDS + "{role}", this::mint);
    leases.install(routing);
    routing.get(HEALTH, (_, response) -> VaultAnswer.health(response, clock.instant()));
    routing.any((request, _) -> {
      throw VaultRefusal.unsupportedPath();
    });
  }

  private static void write(HttpRouting.Builder routing, String path, Handler handler) {
    for (Method method : WRITE) {
      routing.route(method, path, handler);
    }
    routing.any(
        path,
        (request, _) -> {
          throw VaultRefusal.unsupportedOperation();
        });
  }

  private void mint(ServerRequest request, ServerResponse response) {
    MintRequest asked =
        requests.read(
            "mint",
            () -> {
              String role = lastPart(request);
              refuseUnsupportedHeaders(request);
              return new MintRequest(
                  MintPath.verifyRar(role),
                  requests.proof("mint", request),
                  Requests.token(request),
                  claims(request));
            });
    switch (mint.mint(asked)) {
      case MintResult.Minted minted -> {
        requests.count("mint", "ok");
        VaultAnswer.credential(response, minted, clock.instant());
      }
      case MintResult.Refused(Refusal refusal, String reason) -> {
        requests.count("mint", refusal.code());
        throw VaultRefusal.of(refusal, reason);
      }
    }
  }

  // The role is the path's own text: one spelling, no escapes, no second slash.
  private static String lastPart(ServerRequest request) {
    String path = request.path().rawPath();
    if (!path.startsWith(CREDS)) {
      throw VaultRefusal.unsupportedPath();
    }
    String role = path.substring(CREDS.length());
    if (!role.matches("[A-Za-z0-9_-]{1,63}")) {
      throw VaultRefusal.unsupportedPath();
    }
    return role;
  }

  // Whoever sends one of these expects something that would not happen.
  private static void refuseUnsupportedHeaders(ServerRequest request) {
    if (Http.header(request, "Authorization").isPresent()) {
      throw VaultRefusal.malformed("send the token in `X-Vault-Token` only");
    }
    if (Http.header(request, "X-Vault-Wrap-TTL").isPresent()) {
      throw VaultRefusal.malformed("response wrapping is not supported");
    }
    if (Http.header(request, "X-Vault-Namespace").isPresent()) {
      throw VaultRefusal.malformed("namespaces are not supported");
    }
  }

  private static Optional<MintRequest.Claims> claims(ServerRequest request) {
    if (!request.content().hasEntity()) {
      return Optional.empty();
    }
    ObjectNode body = Http.jsonBody(request);
    Requests.only(body, Set.of("claims"), "the body");
    if (!body.has("claims")) {
      return Optional.empty();
    }
    if (!(body.path("claims") instanceof ObjectNode claims)) {
      throw VaultRefusal.malformed("`claims` must be an object");
    }
    Requests.only(claims, Set.of("jti", "authorization_details"), "`claims`");
    return Optional.of(
        new MintRequest.Claims(
            Requests.text(claims, "jti"),
            AuthorizationDetails.of(claims.path("authorization_details"))));
  }

  /// Counts how requests ended. Operations and outcomes are words of small closed sets.
  @FunctionalInterface
  public interface Outcomes {
    void count(String operation, String outcome);
  }
}
