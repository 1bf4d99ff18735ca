package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Optional;

/// Bearer tokens at our own endpoints.
///
/// @spec https://www.rfc-editor.org/rfc/rfc6750 RFC 6750
final class Bearers {
  private Bearers() {}

  /// The token of the one place where we take it: the `Authorization` header.
  ///
  /// @throws WireException if there is one in the query
  static Optional<Secret> of(ServerRequest request) {
    if (request.query().contains("access_token")) {
      throw new WireException(
          OAuthError.INVALID_REQUEST, "an access token belongs in the Authorization header only");
    }
    return Http.bearer(request);
  }

  /// 401 for a request without a token: no error code, as nothing was wrong yet.
  static void missing(ServerResponse response) {
    response.header("WWW-Authenticate", "Bearer");
    Http.json(
        response,
        OAuthError.INVALID_TOKEN.httpStatus(),
        StrictJson.object().put("error_description", "a bearer token is needed"));
  }

  /// 401 for a token that is not good here.
  static void invalid(ServerResponse response, String description) {
    response.header(
        "WWW-Authenticate",
        "Bearer error=\"invalid_token\", error_description=\"" + description + "\"");
    Http.json(
        response,
        OAuthError.INVALID_TOKEN.httpStatus(),
        StrictJson.object()
            .put("error", OAuthError.INVALID_TOKEN.code())
            .put("error_description", description));
  }
}
