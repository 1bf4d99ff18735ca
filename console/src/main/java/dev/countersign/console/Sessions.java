package dev.countersign.console;

import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The sessions and the sign-ins on their way, in memory: a console that is started again asks its
/// people to sign in again. Threads may share it.
public final class Sessions {
  private static final Duration ATTEMPT = Duration.ofMinutes(10);
  private static final int MOST = 10_000;

  private final SessionLimits limits;
  private final InstantSource clock;
  private final Map<String, Session> sessions = new HashMap<>();
  private final Map<String, SignInAttempt> attempts = new HashMap<>();

  public Sessions(SessionLimits limits, InstantSource clock) {
    this.limits = limits;
    this.clock = clock;
  }

  /// Begins a sign-in and returns its `state`.
  public synchronized String begin(
      Provider provider, String browser, Secret nonce, Secret verifier) {
    Instant now = clock.instant();
    attempts.values().removeIf(attempt -> isOver(attempt, now));
    if (attempts.size() >= MOST) {
      attempts.clear();
    }
    String state = Ids.random();
    attempts.put(state, new SignInAttempt(provider, new Secret(browser), nonce, verifier, now));
    return state;
  }

  /// Takes the attempt that a browser comes back for; once, and only from the browser that left.
  public synchronized Optional<SignInAttempt> take(String state, String browser) {
    Instant now = clock.instant();
    return Optional.ofNullable(attempts.get(state))
        .filter(attempt -> attempt.browser().equals(new Secret(browser)))
        .filter(_ -> attempts.remove(state) != null)
        .filter(attempt -> !isOver(attempt, now));
  }

  /// Opens a session and returns its cookie's value, which nobody knew before.
  public synchronized String open(Session session) {
    sweep();
    if (sessions.size() >= MOST) {
      List.copyOf(sessions.keySet())
          .forEach(cookie -> end(cookie, "Too many people are signed in."));
    }
    String cookie = Ids.random();
    sessions.put(cookie, session);
    return cookie;
  }

  /// The live session of a cookie. One that is over is told so and forgotten.
  public synchronized Optional<Session> find(String cookie) {
    Session session = sessions.get(cookie);
    if (session != null && !session.isLive(clock.instant(), limits)) {
      end(cookie, "You were signed out after a long time.");
      return Optional.empty();
    }
    return Optional.ofNullable(session);
  }

  /// Ends a session.
  public synchronized void end(String cookie, String reason) {
    Session session = sessions.remove(cookie);
    if (session != null) {
      session.end(reason);
    }
  }

  /// Ends what the provider says is over.
  ///
  /// @param sid the provider's session, or empty for all of the subject
  public synchronized void endOf(Provider provider, String sid, String subject) {
    sessions
        .values()
        .removeIf(session -> {
          boolean isMeant = session.isOf(provider, sid, subject);
          if (isMeant) {
            session.end("Your identity provider signed you out.");
          }
          return isMeant;
        });
  }

  private void sweep() {
    Instant now = clock.instant();
    sessions
        .values()
        .removeIf(session -> {
          boolean isOver = !session.isLive(now, limits);
          if (isOver) {
            session.end("You were signed out after a long time.");
          }
          return isOver;
        });
  }

  private static boolean isOver(SignInAttempt attempt, Instant now) {
    return !now.isBefore(attempt.startedAt().plus(ATTEMPT));
  }
}
