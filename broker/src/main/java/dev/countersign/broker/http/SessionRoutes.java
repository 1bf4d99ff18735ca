package dev.countersign.broker.http;

import dev.countersign.box.Http;
import dev.countersign.broker.Refusal;
import dev.countersign.broker.vault.LoginResult;
import dev.countersign.broker.vault.Session;
import dev.countersign.broker.vault.Sessions;
import dev.countersign.protocol.Secret;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// `auth/jwt/login`, and what a session may do with itself.
final class SessionRoutes {
  private static final String LOGIN = "/v1/auth/jwt/login";
  private static final String LOOKUP = "/v1/auth/token/lookup-self";
  private static final String RENEW = "/v1/auth/token/renew-self";
  private static final String REVOKE = "/v1/auth/token/revoke-self";
  private static final int LONGEST_JWT = 32 * 1024;

  private final Sessions sessions;
  private final Requests requests;
  private final Answers answers;
  private final InstantSource clock;

  SessionRoutes(Sessions sessions, Requests requests, Answers answers, InstantSource clock) {
    this.sessions = sessions;
    this.requests = requests;
    this.answers = answers;
    this.clock = clock;
  }

  void install(HttpRouting.Builder routing) {
    Paths.write(routing, LOGIN, this::login);
    Paths.read(routing, LOOKUP, this::lookup);
    Paths.write(routing, LOOKUP, this::lookup);
    Paths.write(routing, RENEW, this::renew);
    Paths.write(routing, REVOKE, this::revoke);
    Paths.nothingElse(routing, LOGIN, LOOKUP, RENEW, REVOKE);
  }

  private void login(ServerRequest request, ServerResponse response) {
    var asked =
        requests.read(
            "login",
            () -> {
              Answers.wrapFor(request);
              if (!Requests.token(request).reveal().isEmpty()) {
                throw VaultRefusal.malformed("a login takes `jwt` in the body and no other token");
              }
              ObjectNode body = requests.body(request);
              Requests.only(body, Set.of("role", "jwt"), "the body");
              return new Login(member(body, "role", "missing role", 256), jwt(body));
            });
    switch (sessions.login(asked.role, asked.jwt, Requests.assertion(request))) {
      case LoginResult.Opened(Secret token, Session session) -> {
        requests.count("login", "ok");
        answers.send(request, response, VaultAnswer.auth(token, session, clock.instant()));
      }
      case LoginResult.Refused(Refusal refusal, String reason) -> {
        requests.count("login", refusal.code());
        // Vault's own clients expect 400 for a token that is not accepted at a login.
        throw switch (refusal) {
          case UNKNOWN_ROLE, TOKEN_REJECTED -> VaultRefusal.malformed(reason);
          default -> VaultRefusal.of(refusal, reason);
        };
      }
    }
  }

  private static Secret jwt(ObjectNode body) {
    return new Secret(member(body, "jwt", "missing token", LONGEST_JWT));
  }

  private static String member(ObjectNode body, String name, String missing, int longest) {
    JsonNode value = body.path(name);
    if (value.asString("").isEmpty()) {
      throw VaultRefusal.malformed(missing);
    }
    if (!value.isString() || value.stringValue().length() > longest) {
      throw VaultRefusal.malformed("`" + name + "` must be a string, and not that long");
    }
    return value.stringValue();
  }

  private void lookup(ServerRequest request, ServerResponse response) {
    Session session = requests.session("lookup-self", request);
    requests.count("lookup-self", "ok");
    answers.send(
        request,
        response,
        VaultAnswer.data(
            VaultAnswer.session(
                Requests.token(request), session, "auth/jwt/login", clock.instant())));
  }

  private void renew(ServerRequest request, ServerResponse response) {
    Session session = requests.session("renew-self", request);
    Optional<Duration> increment =
        requests.read(
            "renew-self",
            () -> {
              ObjectNode body = requests.body(request);
              Requests.only(body, Set.of("increment", "token"), "the body");
              return Times.increment(body);
            });
    Secret token = Requests.token(request);
    Session renewed =
        sessions
            .renew(token, session, increment)
            .orElseThrow(() -> VaultRefusal.malformed("the session is over"));
    requests.count("renew-self", "ok");
    answers.send(request, response, VaultAnswer.auth(token, renewed, clock.instant()));
  }

  private void revoke(ServerRequest request, ServerResponse response) {
    Session session = requests.session("revoke-self", request);
    sessions.revoke(Requests.token(request), session);
    requests.count("revoke-self", "ok");
    Http.empty(response, 204);
  }

  private record Login(String role, Secret jwt) {}
}
