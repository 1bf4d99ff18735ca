package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.WireException;
import dev.countersign.sts.Sessions;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.regex.Pattern;

/// `DELETE /v1.0/auth/sessions/{subject}`: ends a person's sessions, for the workloads that may.
final class SessionAdmin {
  private static final String TRANSACTION = "X-Countersign-Txn";
  private static final Pattern TXN = Pattern.compile("[A-Za-z0-9._~-]{0,128}");

  private final Sessions sessions;
  private final PresenterAssertion.Checker presenters;

  SessionAdmin(Sessions sessions, PresenterAssertion.Checker presenters) {
    this.sessions = sessions;
    this.presenters = presenters;
  }

  void handle(ServerRequest request, ServerResponse response) {
    String assertion = Http.header(request, PresenterAssertion.HEADER).orElse("");
    switch (presenters.check(assertion)) {
      case PresenterAssertion.Result.Presenter(String name) -> end(request, response, name);
      case PresenterAssertion.Result.Refused(String reason) -> {
        sessions.refusedEnd(reason);
        throw new WireException(OAuthError.INVALID_CLIENT, reason);
      }
    }
  }

  private void end(ServerRequest request, ServerResponse response, String by) {
    String subject = request.path().pathParameters().get("subject");
    String txn = Http.header(request, TRANSACTION).orElse("");
    if (!Sessions.isSubjectKey(subject)) {
      throw new WireException(
          OAuthError.INVALID_REQUEST, "the path must end with a subject key, anchor|id");
    }
    if (!TXN.matcher(txn).matches()) {
      throw new WireException(
          OAuthError.INVALID_REQUEST, "X-Countersign-Txn must be the id of a transaction");
    }
    sessions.end(subject, txn, by);
    Http.empty(response, 204);
  }
}
