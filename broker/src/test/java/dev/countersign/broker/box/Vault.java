package dev.countersign.broker.box;

import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// The broker as a Vault client sees it: plain requests with a token.
final class Vault {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final WireClient client = new WireClient();
  private final Refunds refunds;
  private final URI base;

  Vault(Refunds refunds, URI base) {
    this.refunds = refunds;
    this.base = base;
  }

  static Vault of(Refunds refunds) {
    return new Vault(refunds, refunds.broker().baseUri());
  }

  Answer send(String method, String path, String token, @Nullable ObjectNode body) {
    return send(method, path, Map.of("X-Vault-Token", token), body);
  }

  Answer send(String method, String path, Map<String, String> headers, @Nullable ObjectNode body) {
    var all = new HashMap<>(headers);
    all.values().removeIf(String::isEmpty);
    if (body != null) {
      all.put("Content-Type", "application/json");
    }
    WireClient.Answer answer =
        client.send(
            method,
            URI.create(base + "/v1/" + path),
            all,
            body == null ? null : StrictJson.write(body),
            PATIENCE);
    return new Answer(answer.status(), answer.text());
  }

  Answer get(String path, String token) {
    return send("GET", path, token, null);
  }

  Answer put(String path, String token, ObjectNode body) {
    return send("PUT", path, token, body);
  }

  /// Logs in with a token and no proof, as an old client does.
  Answer login(String role, String jwt) {
    return put("auth/jwt/login", "", StrictJson.object().put("role", role).put("jwt", jwt));
  }

  /// Logs in with a token and the gateway's proof.
  Answer loginAsGateway(String role, String jwt) {
    return send(
        "POST",
        "auth/jwt/login",
        Map.of(PresenterAssertion.HEADER, refunds.assertion("gateway")),
        StrictJson.object().put("role", role).put("jwt", jwt));
  }

  /// The token of an operator's session.
  String operator() {
    return login("operator", refunds.assertion("operator")).token();
  }

  /// What came back.
  record Answer(int status, String text) {
    ObjectNode json() {
      return StrictJson.parseObject(text);
    }

    String token() {
      if (status != 200) {
        throw new AssertionError("expected a session, got " + status + " " + text);
      }
      return json().path("auth").path("client_token").stringValue();
    }

    Refunds.Login credential() {
      if (status != 200) {
        throw new AssertionError("expected a credential, got " + status + " " + text);
      }
      return new Refunds.Login(
          json().path("lease_id").stringValue(),
          json().path("data").path("username").stringValue(),
          new dev.countersign.protocol.Secret(json().path("data").path("password").stringValue()));
    }
  }
}
