package dev.countersign.signals.act.http;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.act.Person;
import dev.countersign.signals.act.ReceiverConfig.IdentityProvider;
import dev.countersign.signals.act.SessionHandler;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Makes Entra ID forget a person's sign-ins: refresh tokens and session cookies. Access tokens
/// that are out live to their `exp`, and Entra may take minutes.
public final class EntraSignIns implements SessionHandler {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final Duration MARGIN = Duration.ofSeconds(60);
  private static final String MEND_CLIENT =
      "see the receiver's client id, secret and its expiry at Entra";
  private static final String MEND_ROLE =
      "grant the receiver's app the application permission User.RevokeSessions.All with admin"
          + " consent";

  private final IdentityProvider.Entra entra;
  private final WireClient client;
  private final InstantSource clock;
  private final ReentrantLock fetching = new ReentrantLock();
  private volatile @Nullable Token token;

  public EntraSignIns(IdentityProvider.Entra entra, WireClient client, InstantSource clock) {
    this.entra = entra;
    this.client = client;
    this.clock = clock;
  }

  @Override
  public String name() {
    return entra.anchor();
  }

  @Override
  public boolean concerns(Person person) {
    return person.anchor().equals(entra.anchor());
  }

  @Override
  public Outcome end(Person person, String txn) {
    if (!person.hasPlainId()) {
      return new Outcome.Impossible("malformed_id", 0);
    }
    return switch (accessToken()) {
      case Refused(Outcome why) -> why;
      case Token held -> revoke(person, held);
    };
  }

  private Outcome revoke(Person person, Token held) {
    URI address =
        Addresses.under(entra.graph(), "/v1.0/users/" + person.id() + "/revokeSignInSessions");
    WireClient.Answer answer =
        client.send(
            "POST",
            address,
            Map.of(
                "Authorization",
                "Bearer " + held.value.reveal(),
                "Content-Type",
                "application/json"),
            null,
            TIMEOUT);
    if (answer.status() == 401) {
      token = null; // it may have been revoked; the next attempt asks for another
    }
    return switch (answer.status()) {
      case 200, 202, 204 -> new Outcome.Ended("ended", answer.status());
      case 404 -> new Outcome.NotFound(404);
      default -> Answers.failed(answer, MEND_ROLE, clock.instant());
    };
  }

  private Access accessToken() {
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

  private boolean isFresh(Token held) {
    return clock.instant().isBefore(held.until);
  }

  private Access fetch() {
    WireClient.Answer answer =
        client.postForm(
            entra.tokenEndpoint(),
            Map.of("Accept", "application/json"),
            Map.of(
                "grant_type", "client_credentials",
                "client_id", entra.clientId(),
                "client_secret", entra.clientSecret().reveal(),
                "scope", entra.scope()),
            TIMEOUT);
    Instant now = clock.instant();
    if (answer.status() == 400 || answer.status() == 401) {
      return new Refused(
          new Outcome.Failed("not_allowed", answer.status(), MEND_CLIENT, Optional.empty()));
    }
    if (answer.status() != 200) {
      return new Refused(Answers.failed(answer, MEND_CLIENT, now));
    }
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

  private static Outcome unreadable() {
    return new Outcome.Failed("unreadable", 200, "", Optional.empty());
  }

  /// What the token endpoint gave.
  private sealed interface Access {}

  /// A token to use until then.
  private record Token(Secret value, Instant until) implements Access {}

  /// No token.
  private record Refused(Outcome why) implements Access {}
}
