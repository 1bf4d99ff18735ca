package dev.countersign.broker.http;

import dev.countersign.box.Http;
import dev.countersign.broker.Presenter;
import dev.countersign.broker.PresenterProof;
import dev.countersign.broker.Presenters;
import dev.countersign.broker.Refusal;
import dev.countersign.broker.Refusals;
import dev.countersign.broker.vault.Session;
import dev.countersign.broker.vault.Sessions;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What all of the broker's paths read in the same way: who is asking, and a strict body. A request
/// that is malformed is a refusal too, so it is counted and stands in the ledger like any other.
final class Requests {
  static final String DPOP = "DPoP";

  private static final String TOKEN = "X-Vault-Token";
  private static final String NAMESPACE = "X-Vault-Namespace";
  private static final String FORM = "application/x-www-form-urlencoded";
  private static final int MAX_TEXT = 256;

  private final Refusals refusals;
  private final Outcomes outcomes;
  private final Sessions sessions;
  private final Presenters presenters;
  private final Set<String> operators;

  /// @param operators the workloads that may look after databases and roles
  Requests(
      Refusals refusals,
      Outcomes outcomes,
      Sessions sessions,
      Presenters presenters,
      Set<String> operators) {
    this.refusals = refusals;
    this.outcomes = outcomes;
    this.sessions = sessions;
    this.presenters = presenters;
    this.operators = Set.copyOf(operators);
  }

  void count(String operation, String outcome) {
    outcomes.count(operation, outcome);
  }

  <T> T read(String operation, Supplier<T> reading) {
    try {
      return reading.get();
    } catch (VaultRefusal | WireException malformed) {
      outcomes.count(operation, Refusal.MALFORMED.code());
      refusals.malformed(operation, String.valueOf(malformed.getMessage()));
      throw malformed;
    }
  }

  /// The presenter's assertion, or the session, or else the token alone.
  PresenterProof proof(String operation, ServerRequest request) {
    return read(
        operation,
        () -> {
          Secret token = token(request);
          Optional<Secret> assertion = assertion(request);
          if (assertion.isPresent()) {
            if (Sessions.isSessionToken(token)) {
              throw VaultRefusal.malformed("send a session's token or an assertion, not both");
            }
            if (Http.header(request, DPOP).isPresent()) {
              throw VaultRefusal.malformed("send a DPoP proof or an assertion, not both");
            }
            return new PresenterProof.Assertion(assertion.get());
          }
          return sessions
              .find(token)
              .<PresenterProof>map(session -> new PresenterProof.Proven(session.presenter()))
              .or(() -> possession(request, token))
              .orElseGet(() -> new PresenterProof.Bearer(token));
        });
  }

  // A proof that somebody chose to send counts before the certificate that the connection has
  // anyway.
  private static Optional<PresenterProof> possession(ServerRequest request, Secret token) {
    Optional<PresenterProof> proof =
        Http.header(request, DPOP)
            .map(sent ->
                new PresenterProof.Dpop(
                    new Secret(sent),
                    request.prologue().method().text(),
                    request.path().rawPath(),
                    token));
    return proof.or(() ->
        request.remotePeer().tlsCertificates().stream()
            .flatMap((Certificate[] chain) -> Arrays.stream(chain))
            .filter(X509Certificate.class::isInstance)
            .<PresenterProof>map(leaf -> new PresenterProof.MutualTls((X509Certificate) leaf))
            .findFirst());
  }

  static Optional<Secret> assertion(ServerRequest request) {
    return Http.header(request, PresenterAssertion.HEADER).map(Secret::new);
  }

  /// The session that the request belongs to.
  ///
  /// @throws VaultRefusal 403 if there is none
  Session session(String operation, ServerRequest request) {
    Secret token = read(operation, () -> token(request));
    return sessions
        .find(token)
        .orElseThrow(() -> {
          refused(operation, Refusal.PRESENTER_NOT_PROVEN, "there is no such session");
          return VaultRefusal.permissionDenied();
        });
  }

  /// The operator who is asking.
  ///
  /// @throws VaultRefusal 403 if it is nobody's request or somebody else's
  String operator(String operation, ServerRequest request) {
    return switch (presenters.check(proof(operation, request), Optional.empty())) {
      case Presenters.Result.Proven(Presenter presenter)
          when operators.contains(presenter.name()) ->
          presenter.name();
      case Presenters.Result.Proven _ ->
          throw denied(operation, Refusal.PRESENTER_NOT_ALLOWED, "this workload is no operator");
      case Presenters.Result.Refused(String reason) ->
          throw denied(operation, Refusal.PRESENTER_NOT_PROVEN, reason);
    };
  }

  private VaultRefusal denied(String operation, Refusal refusal, String reason) {
    refused(operation, refusal, reason);
    return VaultRefusal.of(refusal, reason);
  }

  /// Counts and writes down a refusal.
  void refused(String operation, Refusal refusal, String reason) {
    count(operation, refusal.code());
    refusals.refused(operation, refusal, reason);
  }

  /// The token; empty where there is none, and refused then like a wrong one.
  ///
  /// @throws VaultRefusal if there are two, or if a namespace is named: there is one only
  static Secret token(ServerRequest request) {
    if (Http.header(request, NAMESPACE).isPresent()) {
      throw VaultRefusal.malformed("namespaces are not supported");
    }
    Optional<String> token = Http.header(request, TOKEN);
    Optional<String> authorization = Http.header(request, "Authorization");
    if (token.isPresent() && authorization.isPresent()) {
      throw VaultRefusal.malformed("send the token in `X-Vault-Token` only");
    }
    if (authorization.isPresent()) {
      return Http.bearer(request)
          .orElseThrow(() -> VaultRefusal.malformed("`Authorization` must be of type Bearer"));
    }
    return new Secret(token.orElse(""));
  }

  /// The JSON object in the body, or a form's fields as its members; an empty one where there is no
  /// body. Like Vault, a body that begins with a brace is JSON whatever the form's client says.
  ObjectNode body(ServerRequest request) {
    if (!request.content().hasEntity()) {
      return StrictJson.object();
    }
    String type =
        request.headers().values(HeaderNames.CONTENT_TYPE).stream().findFirst().orElse("");
    if (!type.isEmpty() && !type.startsWith(FORM)) {
      return Http.jsonBody(request);
    }
    return Bodies.read(Http.body(request));
  }

  static void only(ObjectNode object, Set<String> members, String where) {
    for (String name : object.propertyNames()) {
      if (!members.contains(name)) {
        throw VaultRefusal.malformed(where + " has a member that is not known here");
      }
    }
  }

  static String text(ObjectNode object, String member) {
    JsonNode value = object.path(member);
    if (!value.isString()
        || value.stringValue().isEmpty()
        || value.stringValue().length() > MAX_TEXT) {
      throw VaultRefusal.malformed("`" + member + "` must be a string of 1 to 256 characters");
    }
    return value.stringValue();
  }
}
