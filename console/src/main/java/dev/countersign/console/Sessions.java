package dev.countersign.console;

import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// The sessions and the sign-ins on their way, in memory. Threads may share it.
public final class Sessions {
  private static final Duration ATTEMPT = Duration.ofMinutes(10);
  private static final int MOST = 10_000;

  private final InstantSource clock;
  private final Map<String, Session> sessions = new HashMap<>();
  private final Map<String, SignInAttempt> attempts = new HashMap<>();

  public Sessions(InstantSource clock) {
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
    Instant now = clock.instant();
    sessions.values().removeIf(other -> !now.isBefore(other.expiresAt()));
    if (sessions.size() >= MOST) {
      sessions.clear();
    }
    String cookie = Ids.random();
    sessions.put(cookie, session);
    return cookie;
  }

  /// The live session of a cookie.
  public synchronized Optional<Session> find(String cookie) {
    return Optional.ofNullable(sessions.get(cookie))
        .filter(session -> clock.instant().isBefore(session.expiresAt()));
  }

  /// Ends a session.
  public synchronized void end(String cookie) {
    sessions.remove(cookie);
  }

  private static boolean isOver(SignInAttempt attempt, Instant now) {
    return !now.isBefore(attempt.startedAt().plus(ATTEMPT));
  }
}
