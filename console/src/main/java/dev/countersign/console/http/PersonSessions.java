package dev.countersign.console.http;

import dev.countersign.console.ConsoleConfig;
import dev.countersign.console.Grant;
import dev.countersign.console.Session;
import dev.countersign.console.Sessions;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;

/// Whose request this is, and whether that person is still in. Threads may share it.
final class PersonSessions {
  private static final Duration LOOK_EVERY = Duration.ofSeconds(2);
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  private final ConsoleConfig config;
  private final Sessions sessions;
  private final IdentityProviders providers;
  private final Cookies cookies;
  private final InstantSource clock;
  private final WireClient client = new WireClient();

  PersonSessions(
      ConsoleConfig config,
      Sessions sessions,
      IdentityProviders providers,
      Cookies cookies,
      InstantSource clock) {
    this.config = config;
    this.sessions = sessions;
    this.providers = providers;
    this.cookies = cookies;
    this.clock = clock;
  }

  /// The live session of a request, its bearer renewed where that is due.
  Optional<Session> of(ServerRequest request) {
    Optional<Session> session = cookies.read(request, Cookies.SESSION).flatMap(sessions::find);
    session.ifPresent(this::renew);
    return session.filter(one -> !one.hasEnded());
  }

  /// The session of a request, also one that ended lately: its pages are told why.
  Optional<Session> told(ServerRequest request) {
    return of(request).or(() -> cookies.read(request, Cookies.SESSION).flatMap(sessions::ended));
  }

  /// Ends the session of a request, and the cookie with it.
  void end(ServerRequest request, ServerResponse response, String reason) {
    cookies.read(request, Cookies.SESSION).ifPresent(cookie -> sessions.end(cookie, reason));
    cookies.clear(response, Cookies.SESSION);
  }

  /// Looks whether the person is still in, at most every few seconds for a session, and ends the
  /// session where they are not. A token service that is away ends nobody's session: the gateway
  /// decides about each call anyway.
  void look(Session session) {
    Instant now = clock.instant();
    if (session.endIfOver(now) || !session.isDue(now, LOOK_EVERY)) {
      return;
    }
    renew(session);
    try {
      WireClient.Answer answer =
          client.get(
              config.userInfo(),
              Map.of("Authorization", "Bearer " + session.bearer().reveal()),
              PATIENCE);
      if (answer.status() == 401) {
        session.end("Your session was ended. Every token and every open call went with it.");
      }
    } catch (UnavailableException away) {
      // Looked at again in a moment.
    }
  }

  private void renew(Session session) {
    session.renewal().lock();
    try {
      Optional<Secret> refreshToken = session.refreshTokenIfDue(clock.instant());
      if (refreshToken.isEmpty() || session.hasEnded()) {
        return;
      }
      Optional<Grant> newer = providers.renew(session.provider(), refreshToken.get());
      newer.ifPresentOrElse(
          session::renew,
          () -> session.end("Your identity provider no longer renews your sign-in."));
    } catch (UnavailableException away) {
      // The present bearer stands for a while yet; tried again with the next request.
    } finally {
      session.renewal().unlock();
    }
  }
}
