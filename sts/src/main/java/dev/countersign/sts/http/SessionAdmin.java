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
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// `/v1.0/auth/sessions/{subject}`, for the workloads that may: GET lists a person's sessions, one
/// for each client; DELETE ends all of them; PATCH ends those that it names.
final class SessionAdmin {
  private static final String TRANSACTION = "X-Countersign-Txn";
  private static final String HAPPENED = "X-Countersign-At";
  private static final Pattern TXN = Pattern.compile("[A-Za-z0-9._~-]{0,128}");

  private final Sessions sessions;
  private final PresenterAssertion.Checker presenters;

  SessionAdmin(Sessions sessions, PresenterAssertion.Checker presenters) {
    this.sessions = sessions;
    this.presenters = presenters;
  }

  void list(ServerRequest request, ServerResponse response) {
    presenter(request);
    String subject = subject(request);
    ObjectNode body = StrictJson.object();
    ArrayNode list = body.putArray("sessions");
    for (SessionStore.Session session : sessions.of(subject)) {
      ObjectNode one =
          list.addObject()
              .put("sessionId", session.id())
              .put("client_id", session.client())
              .put("created", session.startedAt().toString())
              .put("lastAccess", session.lastSeenAt().toString());
      Instant ended = session.endedAt();
      if (ended != null) {
        one.put("ended", ended.toString());
      }
    }
    Http.json(response, 200, body);
  }

  void endAll(ServerRequest request, ServerResponse response) {
    String by = presenter(request);
    sessions.end(subject(request), txn(request), happenedAt(request), by);
    Http.empty(response, 204);
  }

  /// `{"sessions":[{"sessionId":"...","operation":"delete"}]}`.
  void endSome(ServerRequest request, ServerResponse response) {
    String by = presenter(request);
    String subject = subject(request);
    String txn = txn(request);
    var ids = new ArrayList<String>();
    for (JsonNode one : Http.jsonBody(request).path("sessions")) {
      if (!one.path("operation").asString("").equalsIgnoreCase("delete")
          || !one.path("sessionId").isString()) {
        throw new WireException(
            OAuthError.INVALID_REQUEST,
            "sessions: each needs a sessionId, a string, and operation: delete");
      }
      ids.add(one.path("sessionId").stringValue());
    }
    if (ids.isEmpty()) {
      throw new WireException(OAuthError.INVALID_REQUEST, "sessions must name at least one");
    }
    boolean all = true;
    for (String id : ids) {
      all &= sessions.endOne(subject, id, txn, by);
    }
    if (!all) {
      Http.json(
          response,
          404,
          StrictJson.object()
              .put("error", "not_found")
              .put(
                  "error_description",
                  "a sessionId is none of this person; the others were ended"));
      return;
    }
    Http.empty(response, 204);
  }

  private String presenter(ServerRequest request) {
    String assertion = Http.header(request, PresenterAssertion.HEADER).orElse("");
    return switch (presenters.check(assertion)) {
      case PresenterAssertion.Result.Presenter(String name) -> name;
      case PresenterAssertion.Result.Refused(String reason) -> {
        sessions.refusedEnd(reason);
        throw new WireException(OAuthError.INVALID_CLIENT, reason);
      }
    };
  }

  private static String subject(ServerRequest request) {
    String subject = request.path().pathParameters().get("subject");
    if (!Sessions.isSubjectKey(subject)) {
      throw new WireException(
          OAuthError.INVALID_REQUEST, "the path must end with a subject key, anchor|id");
    }
    return subject;
  }

  private static Optional<Instant> happenedAt(ServerRequest request) {
    try {
      return Http.header(request, HAPPENED).map(Instant::parse);
    } catch (DateTimeParseException malformed) {
      throw new WireException(
          OAuthError.INVALID_REQUEST, "X-Countersign-At must be a time in the form of RFC 3339");
    }
  }

  private static String txn(ServerRequest request) {
    String txn = Http.header(request, TRANSACTION).orElse("");
    if (!TXN.matcher(txn).matches()) {
      throw new WireException(
          OAuthError.INVALID_REQUEST, "X-Countersign-Txn must be the id of a transaction");
    }
    return txn;
  }
}
