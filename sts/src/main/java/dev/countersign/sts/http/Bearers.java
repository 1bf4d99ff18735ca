package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.DpopProofs;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Bearer tokens at our own endpoints.
///
/// @spec https://www.rfc-editor.org/rfc/rfc6750 RFC 6750
final class Bearers {
  private static final Pattern DPOP =
      Pattern.compile("dpop +([A-Za-z0-9._~+/-]+=*)", Pattern.CASE_INSENSITIVE);

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

  /// The token of `Authorization: DPoP`.
  ///
  /// @spec https://www.rfc-editor.org/rfc/rfc9449#section-7.1 RFC 9449 §7.1
  static Optional<Secret> dpop(ServerRequest request) {
    return Http.header(request, "Authorization")
        .map(DPOP::matcher)
        .filter(Matcher::matches)
        .map(match -> new Secret(match.group(1)));
  }

  /// 401 for a proof that is not good here.
  static void refused(ServerResponse response, String scheme, WireException refused) {
    response.header(
        "WWW-Authenticate",
        scheme
            + " error=\""
            + refused.error().code()
            + "\", algs=\""
            + String.join(" ", DpopProofs.ALGORITHMS)
            + "\"");
    Http.json(
        response,
        OAuthError.INVALID_TOKEN.httpStatus(),
        StrictJson.object()
            .put("error", refused.error().code())
            .put("error_description", refused.description()));
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
