package dev.countersign.sts.http;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.Wire;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.sts.Introspection;
import dev.countersign.sts.Introspector;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Asks an issuer's introspection endpoint, authenticated with `client_secret_basic`. Threads may
/// share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc7662#section-2.1 RFC 7662 §2.1
public final class IntrospectionCalls implements Introspector {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private final Introspection issuer;
  private final Wire wire;

  public IntrospectionCalls(Introspection issuer, Wire wire) {
    this.issuer = issuer;
    this.wire = wire;
  }

  @Override
  public Answer ask(String token) {
    try {
      WireClient.Answer answer =
          wire.postForm(
              issuer.endpoint(),
              Map.of(
                  "Accept",
                  "application/json",
                  "Accept-Encoding",
                  "identity",
                  "Authorization",
                  "Basic " + credentials()),
              Map.of("token", token, "token_type_hint", "access_token"),
              TIMEOUT);
      if (answer.status() != 200) {
        // 401 is about us, not about the token (RFC 7662 §2.3).
        return new Answer.Unavailable(
            "the issuer's introspection answered with status " + answer.status());
      }
      ObjectNode claims = StrictJson.parseObject(answer.body());
      JsonNode active = claims.path("active");
      if (!active.isBoolean()) {
        return new Answer.Unavailable("the issuer's introspection did not say `active`");
      }
      return active.booleanValue() ? new Answer.Active(claims) : new Answer.Inactive();
    } catch (WireClient.WireFailure away) {
      return new Answer.Unavailable("the issuer's introspection cannot be reached");
    } catch (MalformedJsonException malformed) {
      return new Answer.Unavailable("the issuer's introspection did not answer with JSON");
    }
  }

  /// Both halves are form-encoded before they are joined (RFC 6749 §2.3.1).
  private String credentials() {
    String pair = encoded(issuer.clientId()) + ":" + encoded(issuer.clientSecret().reveal());
    return Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
