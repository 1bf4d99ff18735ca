package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.WireException;
import dev.countersign.sts.TokenStatus;
import dev.countersign.sts.clients.Client;
import dev.countersign.sts.clients.Presented;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import tools.jackson.databind.node.ObjectNode;

/// `POST /oauth2/introspect` and `POST /oauth2/revoke`.
final class TokenStatusEndpoints {
  private static final String SIGNED = "application/" + TokenTypes.INTROSPECTION;

  private final TokenStatus status;

  TokenStatusEndpoints(TokenStatus status) {
    this.status = status;
  }

  void introspect(ServerRequest request, ServerResponse response) {
    Presented presented = Callers.of(request);
    Client caller = caller(request, response, presented);
    ObjectNode answer = status.introspect(caller, token(presented));
    boolean asksForSigned =
        Http.header(request, "Accept").filter(accept -> accept.contains(SIGNED)).isPresent();
    if (asksForSigned) {
      Http.text(response, 200, SIGNED, status.signed(caller, answer));
    } else {
      Http.json(response, 200, answer);
    }
  }

  void revoke(ServerRequest request, ServerResponse response) {
    Presented presented = Callers.of(request);
    Client caller = caller(request, response, presented);
    status.revoke(caller, token(presented));
    Http.empty(response, 200);
  }

  private Client caller(ServerRequest request, ServerResponse response, Presented presented) {
    try {
      return status.caller(presented);
    } catch (WireException unknown) {
      if (unknown.error() == OAuthError.INVALID_CLIENT && Http.has(request, "Authorization")) {
        response.header("WWW-Authenticate", "Basic realm=\"countersign\"");
      }
      throw unknown;
    }
  }

  private static String token(Presented presented) {
    return presented
        .parameter("token")
        .orElseThrow(() -> new WireException(OAuthError.INVALID_REQUEST, "token is missing"));
  }
}
