package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import dev.countersign.sts.Possession;
import dev.countersign.sts.Sessions;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// `GET /oauth2/userinfo`: is this person still in?
final class UserInfo {
  private static final String PATH = "/oauth2/userinfo";

  private final Sessions sessions;
  private final Possession possession;

  UserInfo(Sessions sessions, Possession possession) {
    this.sessions = sessions;
    this.possession = possession;
  }

  void handle(ServerRequest request, ServerResponse response) {
    Optional<Secret> bearer = Bearers.of(request);
    Optional<Secret> bound = Bearers.dpop(request);
    Optional<String> proof = Http.header(request, "DPoP");
    if (bearer.isEmpty() && bound.isEmpty()) {
      Bearers.missing(response);
      return;
    }
    if (bound.isPresent() != proof.isPresent()) {
      Bearers.invalid(response, "a DPoP proof and the scheme DPoP belong together");
      return;
    }
    try {
      answer(response, bound.or(() -> bearer).get(), proof);
    } catch (WireException refused) {
      if (refused.error() != OAuthError.USE_DPOP_NONCE
          && refused.error() != OAuthError.INVALID_DPOP_PROOF) {
        throw refused;
      }
      response.header("DPoP-Nonce", possession.nonce());
      Bearers.refused(response, "DPoP", refused);
    }
  }

  private void answer(ServerResponse response, Secret token, Optional<String> proof) {
    Optional<Sessions.UserInfo> user = sessions.userOf(token, proof, "GET", PATH);
    if (user.isEmpty()) {
      Bearers.invalid(response, "the token is not valid, or the session was ended");
      return;
    }
    ObjectNode body = StrictJson.object().put("sub", user.get().subject());
    String mail = user.get().mail();
    if (mail != null) {
      body.put("email", mail);
    }
    Http.json(response, 200, body);
  }
}
