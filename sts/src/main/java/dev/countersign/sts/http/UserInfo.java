package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.Sessions;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// `GET /oauth2/userinfo`: is this person still in?
final class UserInfo {
  private final Sessions sessions;

  UserInfo(Sessions sessions) {
    this.sessions = sessions;
  }

  void handle(ServerRequest request, ServerResponse response) {
    Optional<Secret> token = Bearers.of(request);
    if (token.isEmpty()) {
      Bearers.missing(response);
      return;
    }
    Optional<Sessions.UserInfo> user = sessions.userOf(token.get().reveal());
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
