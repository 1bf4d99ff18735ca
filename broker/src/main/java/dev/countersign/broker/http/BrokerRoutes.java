package dev.countersign.broker.http;

import dev.countersign.box.Http;
import dev.countersign.broker.CredentialMint;
import dev.countersign.broker.LeaseId;
import dev.countersign.broker.LeaseRevocation;
import dev.countersign.broker.MintRequest;
import dev.countersign.broker.MintResult;
import dev.countersign.broker.Refusal;
import dev.countersign.broker.Refusals;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import io.helidon.http.Method;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The broker's paths. POST and PUT mean the same, as in Vault.
public final class BrokerRoutes {
  private static final String CREDS = "/v1/" + LeaseId.MOUNT;
  private static final String REVOKE = "/v1/sys/leases/revoke";
  private static final String REVOKE_SUBJECT = "/v1/countersign/subjects/revoke";
  private static final String HEALTH = "/v1/sys/health";
  private static final Method[] WRITE = {Method.POST, Method.PUT};
  private static final int MAX_TEXT = 256;

  private final CredentialMint mint;
  private final LeaseRevocation revocation;
  private final Refusals refusals;
  private final Outcomes outcomes;
  private final InstantSource clock;

  public BrokerRoutes(
      CredentialMint mint,
      LeaseRevocation revocation,
      Refusals refusals,
      Outcomes outcomes,
      InstantSource clock) {
    this.mint = mint;
    this.revocation = revocation;
    this.refusals = refusals;
    this.outcomes = outcomes;
    this.clock = clock;
  }

  /// Adds the paths and Vault's form of errors.
  public void install(HttpRouting.Builder routing) {
    VaultErrors.install(routing);
    write(routing, CREDS + "{role}", this::mint);
    write(routing, REVOKE, this::revoke);
    write(routing, REVOKE_SUBJECT, this::revokeSubject);
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
        read(
            "mint",
            () -> {
              String role = lastPart(request);
              refuseUnsupportedHeaders(request);
              return new MintRequest(
                  role, assertion(request), secret(request, "X-Vault-Token"), claims(request));
            });
    switch (mint.mint(asked)) {
      case MintResult.Minted minted -> {
        outcomes.count("mint", "ok");
        VaultAnswer.credential(response, minted, clock.instant());
      }
      case MintResult.Refused(Refusal refusal, String reason) -> {
        outcomes.count("mint", refusal.code());
        throw VaultRefusal.of(refusal, reason);
      }
    }
  }

  // A malformed request is a refusal too, so it stands in the ledger like any other.
  private <T> T read(String operation, Supplier<T> reading) {
    try {
      return reading.get();
    } catch (VaultRefusal | WireException malformed) {
      outcomes.count(operation, Refusal.MALFORMED.code());
      refusals.malformed(operation, String.valueOf(malformed.getMessage()));
      throw malformed;
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

  private static Secret assertion(ServerRequest request) {
    return secret(request, PresenterAssertion.HEADER);
  }

  // A missing one is empty here and refused like a wrong one.
  private static Secret secret(ServerRequest request, String header) {
    return new Secret(Http.header(request, header).orElse(""));
  }

  private static Optional<MintRequest.Claims> claims(ServerRequest request) {
    if (!request.content().hasEntity()) {
      return Optional.empty();
    }
    ObjectNode body = Http.jsonBody(request);
    only(body, Set.of("claims"), "the body");
    if (!body.has("claims")) {
      return Optional.empty();
    }
    if (!(body.path("claims") instanceof ObjectNode claims)) {
      throw VaultRefusal.malformed("`claims` must be an object");
    }
    only(claims, Set.of("jti", "authorization_details"), "`claims`");
    return Optional.of(
        new MintRequest.Claims(
            text(claims, "jti"), AuthorizationDetails.of(claims.path("authorization_details"))));
  }

  private void revoke(ServerRequest request, ServerResponse response) {
    LeaseId lease =
        read(
            "revoke",
            () -> {
              ObjectNode body = Http.jsonBody(request);
              only(body, Set.of("lease_id", "sync"), "the body");
              if (!body.has("lease_id")) {
                throw VaultRefusal.malformed("lease_id must be specified");
              }
              return new LeaseId(text(body, "lease_id"));
            });
    Secret assertion = read("revoke", () -> assertion(request));
    answer(revocation.revoke(lease, assertion), "revoke");
    Http.empty(response, 204);
  }

  private void revokeSubject(ServerRequest request, ServerResponse response) {
    ObjectNode body =
        read(
            "revoke-subject",
            () -> {
              ObjectNode sent = Http.jsonBody(request);
              only(sent, Set.of("sub", "txn"), "the body");
              text(sent, "sub");
              text(sent, "txn");
              return sent;
            });
    Secret assertion = read("revoke-subject", () -> assertion(request));
    int count =
        answer(
            revocation.revokeSubject(text(body, "sub"), text(body, "txn"), assertion),
            "revoke-subject");
    VaultAnswer.data(response, StrictJson.object().put("revoked", count));
  }

  private int answer(LeaseRevocation.Result result, String operation) {
    return switch (result) {
      case LeaseRevocation.Revoked(int count) -> {
        outcomes.count(operation, "ok");
        yield count;
      }
      case LeaseRevocation.Refused(Refusal refusal, String reason) -> {
        outcomes.count(operation, refusal.code());
        throw VaultRefusal.of(refusal, reason);
      }
    };
  }

  private static void only(ObjectNode object, Set<String> members, String where) {
    for (String name : object.propertyNames()) {
      if (!members.contains(name)) {
        throw VaultRefusal.malformed(where + " has a member that is not known here");
      }
    }
  }

  private static String text(ObjectNode object, String member) {
    JsonNode value = object.path(member);
    if (!value.isString()
        || value.stringValue().isEmpty()
        || value.stringValue().length() > MAX_TEXT) {
      throw VaultRefusal.malformed("`" + member + "` must be a string of 1 to 256 characters");
    }
    return value.stringValue();
  }

  /// Counts how requests ended. Operations and outcomes are words of small closed sets.
  @FunctionalInterface
  public interface Outcomes {
    void count(String operation, String outcome);
  }
}
