package dev.countersign.signals.transmit.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.StrictJson;
import io.helidon.webserver.http.ServerResponse;

/// How the transmitter says no, in OAuth's form.
enum Refusal {
  MALFORMED(400, "invalid_request"),
  NOT_PROVEN(401, "invalid_client"),
  TOKEN(401, "invalid_token"),
  SCOPE(403, "insufficient_scope"),
  FORBIDDEN(403, "access_denied"),
  NOT_FOUND(404, "not_found"),
  CONFLICT(409, "conflict"),
  TOO_SOON(429, "slow_down"),
  AWAY(503, "temporarily_unavailable");

  private final int status;
  private final String code;

  Refusal(int status, String code) {
    this.status = status;
    this.code = code;
  }

  /// Answers.
  ///
  /// @param description which member is wrong or what to do; never a value of the request
  void send(ServerResponse response, String description) {
    if (this == NOT_PROVEN) {
      // RFC 8936 §3: name the scheme that would have been accepted.
      response.header("WWW-Authenticate", "Countersign-Presenter realm=\"transmitter\"");
    }
    Http.json(
        response,
        status,
        StrictJson.object().put("error", code).put("error_description", description));
  }
}
