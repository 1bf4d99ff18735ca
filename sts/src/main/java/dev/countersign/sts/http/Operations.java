package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import dev.countersign.sts.SessionStore;
import dev.countersign.sts.Sessions;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// `POST /v1.0/auth/kills` and `POST /v1.0/auth/openings`, for operators: each with a person's
/// subject key and a reason, with a client's id for what that client does only, and with a client's
/// id alone for what it does for anybody. No box holds a key that is accepted here.
final class Operations {
  private static final Pattern CLIENT = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._~:/-]{0,127}");
  private static final Pattern REASON = Pattern.compile("[\\p{L}\\p{M}\\p{N}\\p{P}\\p{S} ]{1,500}");

  private final Sessions sessions;
  private final PresenterAssertion.Checker operators;

  Operations(Sessions sessions, PresenterAssertion.Checker operators) {
    this.sessions = sessions;
    this.operators = operators;
  }

  void kill(ServerRequest request, ServerResponse response) {
    String operator = operator(request);
    ObjectNode body = Http.jsonBody(request);
    Optional<String> client = client(body);
    String txn =
        client.isPresent()
            ? sessions.killClient(subjects(body), client.get(), reason(body), operator)
            : sessions.kill(subject(body), reason(body), operator);
    Http.json(response, 201, StrictJson.object().put("txn", txn));
  }

  void open(ServerRequest request, ServerResponse response) {
    String operator = operator(request);
    ObjectNode body = Http.jsonBody(request);
    Optional<String> client = client(body);
    Optional<String> txn =
        client.isPresent()
            ? sessions.openClient(subjects(body), client.get(), reason(body), operator)
            : sessions.open(subject(body), reason(body), operator);
    if (txn.isEmpty()) {
      Http.json(
          response,
          404,
          StrictJson.object().put("error", "not_found").put("error_description", "not locked out"));
      return;
    }
    Http.json(response, 201, StrictJson.object().put("txn", txn.get()));
  }

  private String operator(ServerRequest request) {
    String assertion = Http.header(request, PresenterAssertion.HEADER).orElse("");
    return switch (operators.check(assertion)) {
      case PresenterAssertion.Result.Presenter(String name) -> name;
      case PresenterAssertion.Result.Refused(String reason) -> {
        sessions.refusedEnd(reason);
        throw new WireException(OAuthError.INVALID_CLIENT, reason);
      }
    };
  }

  /// The person; everybody where none is named.
  private static String subjects(ObjectNode body) {
    return body.has("sub") ? subject(body) : SessionStore.EVERYBODY;
  }

  private static String subject(ObjectNode body) {
    JsonNode value = body.path("sub");
    if (!value.isString() || !Sessions.isSubjectKey(value.stringValue())) {
      throw new WireException(OAuthError.INVALID_REQUEST, "sub must be a subject key, anchor|id");
    }
    return value.stringValue();
  }

  /// The one client that it is about; everything where none is named.
  private static Optional<String> client(ObjectNode body) {
    JsonNode value = body.path("client_id");
    if (value.isMissingNode()) {
      return Optional.empty();
    }
    if (!value.isString() || !CLIENT.matcher(value.stringValue()).matches()) {
      throw new WireException(OAuthError.INVALID_REQUEST, "client_id must be that of a client");
    }
    return Optional.of(value.stringValue());
  }

  private static String reason(ObjectNode body) {
    JsonNode value = body.path("reason");
    if (!value.isString()
        || value.stringValue().isBlank()
        || !REASON.matcher(value.stringValue()).matches()) {
      throw new WireException(
          OAuthError.INVALID_REQUEST,
          "reason must be a sentence of 1 to 500 characters without line breaks");
    }
    return value.stringValue();
  }
}
