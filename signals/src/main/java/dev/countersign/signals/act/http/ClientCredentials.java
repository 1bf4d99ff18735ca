package dev.countersign.signals.act.http;

import com.nimbusds.jose.jwk.JWK;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.http.Wire;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.act.ClientProof;
import dev.countersign.signals.act.SessionHandler.Outcome;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Access tokens by the client credentials grant, each kept until shortly before its end.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc6749#section-4.4 RFC 6749 §4.4
/// @spec https://www.rfc-editor.org/rfc/rfc7523#section-2.2 RFC 7523 §2.2
final class ClientCredentials {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final Duration MARGIN = Duration.ofSeconds(60);
  private static final Duration ASSERTION_LIFE = Duration.ofMinutes(2);

  private final URI tokenEndpoint;
  private final String clientId;
  private final ClientProof proof;
  private final String scope;
  private final String mend;
  private final Wire client;
  private final InstantSource clock;
  private final ReentrantLock fetching = new ReentrantLock();
  private volatile @Nullable Token token;

  /// @param scope to ask for; empty for none
  /// @param mend what to mend where the endpoint does not accept the client
  ClientCredentials(
      URI tokenEndpoint,
      String clientId,
      ClientProof proof,
      String scope,
      String mend,
      Wire client,
      InstantSource clock) {
    this.tokenEndpoint = tokenEndpoint;
    this.clientId = clientId;
    this.proof = proof;
    this.scope = scope;
    this.mend = mend;
    this.client = client;
    this.clock = clock;
  }

  /// A token that is good for a while.
  Access access() {
    Token held = token;
    if (held != null && isFresh(held)) {
      return held;
    }
    fetching.lock();
    try {
      Token other = token;
      if (other != null && isFresh(other)) {
        return other;
      }
      Access fetched = fetch();
      if (fetched instanceof Token fresh) {
        token = fresh;
      }
      return fetched;
    } finally {
      fetching.unlock();
    }
  }

  /// The token was not accepted: the next attempt asks for another.
  void forget() {
    token = null;
  }

  /// The call to the token endpoint, for whoever wants to know.
  String call() {
    return "POST " + tokenEndpoint + " (client credentials of " + clientId + ")";
  }

  private boolean isFresh(Token held) {
    return clock.instant().isBefore(held.until);
  }

  private Access fetch() {
    Instant now = clock.instant();
    var form = new HashMap<String, String>();
    form.put("grant_type", "client_credentials");
    form.put("client_id", clientId);
    if (!scope.isEmpty()) {
      form.put("scope", scope);
    }
    switch (proof) {
      case ClientProof.Password(Secret secret) -> form.put("client_secret", secret.reveal());
      case ClientProof.Key key -> {
        form.put("client_assertion_type", TokenTypes.JWT_CLIENT_ASSERTION);
        form.put("client_assertion", assertion(key.reveal(), now));
      }
    }
    WireClient.Answer answer =
        client.postForm(tokenEndpoint, Map.of("Accept", "application/json"), form, TIMEOUT);
    if (answer.status() == 400 || answer.status() == 401) {
      return new Refused(
          new Outcome.Failed("not_allowed", answer.status(), mend, Optional.empty()));
    }
    return answer.status() == 200
        ? read(answer, now)
        : new Refused(Answers.failed(answer, mend, now));
  }

  private static Access read(WireClient.Answer answer, Instant now) {
    try {
      ObjectNode body = StrictJson.parseObject(answer.body());
      String value = body.path("access_token").asString("");
      JsonNode life = body.path("expires_in");
      if (value.matches("[A-Za-z0-9._~+/=-]+")) {
        long seconds = life.canConvertToInt() ? Math.max(0, life.intValue()) : 0;
        return new Token(new Secret(value), now.plusSeconds(seconds).minus(MARGIN));
      }
    } catch (MalformedJsonException malformed) {
      return new Refused(unreadable());
    }
    return new Refused(unreadable());
  }

  private String assertion(JWK key, Instant now) {
    ObjectNode claims = StrictJson.object();
    claims.put("iss", clientId).put("sub", clientId).put("aud", tokenEndpoint.toString());
    claims.put("jti", Ids.random()).put("iat", now.getEpochSecond());
    claims.put("nbf", now.getEpochSecond());
    claims.put("exp", now.plus(ASSERTION_LIFE).getEpochSecond());
    return new JwtSigner(key).sign("JWT", claims);
  }

  static Outcome unreadable() {
    return new Outcome.Failed("unreadable", 200, "", Optional.empty());
  }

  /// What the token endpoint gave.
  sealed interface Access {}

  /// A token to use until then.
  record Token(Secret value, Instant until) implements Access {
    /// The value of `Authorization`.
    String bearer() {
      return "Bearer " + value.reveal();
    }
  }

  /// No token.
  record Refused(Outcome why) implements Access {}
}
