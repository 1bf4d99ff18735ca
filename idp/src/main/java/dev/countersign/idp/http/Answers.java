package dev.countersign.idp.http;

import dev.countersign.box.Http;
import dev.countersign.idp.Answer;
import dev.countersign.idp.AuthorizationRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.node.MissingNode;

/// Writes answers to sockets.
final class Answers {
  private Answers() {}

  static void send(ServerResponse response, Answer answer) {
    answer.headers().forEach(response::header);
    if (answer.body() instanceof MissingNode) {
      Http.empty(response, answer.status());
    } else {
      Http.json(response, answer.status(), answer.body());
    }
  }

  /// Sends the browser back to the client.
  ///
  /// @spec https://www.rfc-editor.org/rfc/rfc9207#section-2 RFC 9207 §2
  static void back(
      ServerResponse response, AuthorizationRequest.Reply reply, Map<String, String> parameters) {
    var all = new LinkedHashMap<>(parameters);
    if (reply.state() != null) {
      all.put("state", reply.state());
    }
    all.put("iss", reply.issuer());
    String separator = reply.isFragment() ? "#" : reply.redirectUri().contains("?") ? "&" : "?";
    found(response, reply.redirectUri() + separator + encode(all));
  }

  /// 302, as both real ones answer their sign-in forms.
  static void found(ServerResponse response, String location) {
    response.status(302);
    response.header("Cache-Control", "no-store");
    response.header("Referrer-Policy", "no-referrer");
    response.header("Location", location);
    response.send();
  }

  static String encode(Map<String, String> parameters) {
    return parameters.entrySet().stream()
        .map(parameter ->
            parameter.getKey()
                + "="
                + URLEncoder.encode(parameter.getValue(), StandardCharsets.UTF_8))
        .collect(Collectors.joining("&"));
  }
}
