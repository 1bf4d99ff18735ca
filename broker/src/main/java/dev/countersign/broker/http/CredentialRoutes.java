package dev.countersign.broker.http;

import dev.countersign.broker.CredentialMint;
import dev.countersign.broker.LeaseId;
import dev.countersign.broker.MintPath;
import dev.countersign.broker.MintRequest;
import dev.countersign.broker.MintResult;
import dev.countersign.broker.Refusal;
import dev.countersign.broker.vault.Session;
import dev.countersign.broker.vault.Sessions;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Secret;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// Where credentials are minted: by a write below `verify-rar/creds/`, or a read below
/// `database/creds/`; with an on-behalf-of token, or the session that one opened.
final class CredentialRoutes {
  private static final String DATABASE = "database/creds/";

  private final CredentialMint mint;
  private final Sessions sessions;
  private final Requests requests;
  private final Answers answers;
  private final InstantSource clock;

  CredentialRoutes(
      CredentialMint mint,
      Sessions sessions,
      Requests requests,
      Answers answers,
      InstantSource clock) {
    this.mint = mint;
    this.sessions = sessions;
    this.requests = requests;
    this.answers = answers;
    this.clock = clock;
  }

  void install(HttpRouting.Builder routing) {
    String verifyRar = "/v1/" + LeaseId.MOUNT + "{role}";
    Paths.write(
        routing,
        verifyRar,
        (request, response) ->
            mint(
                request,
                response,
                new Asked(
                    MintPath.verifyRar(named(request, LeaseId.MOUNT)),
                    "verify-rar",
                    requests.read("mint", () -> claims(request)))));
    String database = "/v1/" + DATABASE + "{role}";
    Paths.read(
        routing,
        database,
        (request, response) ->
            mint(
                request,
                response,
                new Asked(
                    new MintPath(DATABASE, named(request, DATABASE), "read"),
                    "database",
                    Optional.empty())));
    Paths.nothingElse(routing, verifyRar, database);
  }

  private String named(ServerRequest request, String mount) {
    return requests.read("mint", () -> Paths.name(request, "/v1/" + mount));
  }

  private void mint(ServerRequest request, ServerResponse response, Asked asked) {
    Secret token =
        requests.read(
            "mint",
            () -> {
              Answers.wrapFor(request);
              return Requests.token(request);
            });
    MintResult result =
        Sessions.isSessionToken(token) && Requests.assertion(request).isEmpty()
            ? bySession(request, asked)
            : mint.mint(
                new MintRequest(asked.path, requests.proof("mint", request), token, asked.claims));
    switch (result) {
      case MintResult.Minted minted -> {
        requests.count("mint", "ok");
        answers.send(
            request, response, VaultAnswer.credential(minted, asked.mountType, clock.instant()));
      }
      case MintResult.Refused(Refusal refusal, String reason) -> {
        requests.count("mint", refusal.code());
        throw VaultRefusal.of(refusal, reason);
      }
    }
  }

  private MintResult bySession(ServerRequest request, Asked asked) {
    Session session = requests.session("mint", request);
    if (asked.claims.isPresent() && !isSame(session, asked.claims.get())) {
      requests.read(
          "mint",
          () -> {
            throw VaultRefusal.malformed("`claims` must equal the claims of the session's token");
          });
    }
    return sessions.mint(
        session, asked.path, asked.claims.isPresent() ? Set.of("claims") : Set.of());
  }

  private static boolean isSame(Session session, MintRequest.Claims claims) {
    return session.holder() instanceof Session.Holder.OfRequest request
        && claims.jti().equals(request.token().id().jti())
        && claims.details().equals(request.token().details());
  }

  private Optional<MintRequest.Claims> claims(ServerRequest request) {
    ObjectNode body = requests.body(request);
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

  /// What is asked for, wherever.
  private record Asked(MintPath path, String mountType, Optional<MintRequest.Claims> claims) {}
}
