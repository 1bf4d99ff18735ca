package dev.countersign.console;

import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/// The sessions and the sign-ins on their way, in memory: a console that is started again asks its
/// people to sign in again. Threads may share it.
public final class Sessions {
  private static final Duration ATTEMPT = Duration.ofMinutes(10);
  private static final Duration LOGOUTS_KEPT = Duration.ofMinutes(15);
  private static final int MOST = 50_000;
  private static final int MOST_OF_ONE = 20;
  private static final int ENDED_KEPT = 1_000;

  private final SessionLimits limits;
  private final InstantSource clock;
  private final Map<String, Session> sessions = new HashMap<>();
  private final Map<String, Session> ended = new LinkedHashMap<>();
  private final Map<String, Traces> traces = new LinkedHashMap<>();
  private final Map<String, SignInAttempt> attempts = new LinkedHashMap<>();
  private final Map<String, Instant> logouts = new LinkedHashMap<>();

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
      attempts.remove(attempts.keySet().iterator().next());
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

  /// Opens a session and returns its cookie's value, which nobody knew before. Where there are too
  /// many, of the person or of all, the one ends whose person did nothing for longest.
  public synchronized String open(Provider provider, SignInResult.SignedIn signedIn) {
    Instant now = clock.instant();
    List.copyOf(sessions.entrySet()).stream()
        .filter(entry -> entry.getValue().endIfOver(now))
        .forEach(entry -> forget(entry.getKey()));
    endIdlest(
        session -> session.isOf(provider, "", signedIn.subject()),
        MOST_OF_ONE,
        "You signed in too often elsewhere.");
    endIdlest(_ -> true, MOST, "Too many people are signed in.");
    String cookie = Ids.random();
    sessions.put(cookie, new Session(provider, signedIn, limits, traces(provider, signedIn), now));
    return cookie;
  }

  private void endIdlest(Predicate<Session> which, int most, String reason) {
    List<Map.Entry<String, Session>> meant =
        sessions.entrySet().stream().filter(entry -> which.test(entry.getValue())).toList();
    if (meant.size() >= most) {
      meant.stream()
          .min(Comparator.comparing(entry -> entry.getValue().seenAt()))
          .ifPresent(entry -> end(entry.getKey(), reason));
    }
  }

  // Of the person, not of the session: whoever was signed out in the middle of a call can look at
  // it
  // after signing in again.
  private Traces traces(Provider provider, SignInResult.SignedIn signedIn) {
    String person = provider.id() + " " + signedIn.subject();
    Traces known = Optional.ofNullable(traces.remove(person)).orElseGet(Traces::new);
    if (traces.size() >= MOST) {
      traces.remove(traces.keySet().iterator().next());
    }
    traces.put(person, known);
    return known;
  }

  /// The live session of a cookie. One that is over is told so and forgotten.
  public synchronized Optional<Session> find(String cookie) {
    Session session = sessions.get(cookie);
    if (session != null && session.endIfOver(clock.instant())) {
      forget(cookie);
      return Optional.empty();
    }
    return Optional.ofNullable(session);
  }

  /// A session that has ended lately, for pages that have not heard why.
  public synchronized Optional<Session> ended(String cookie) {
    return Optional.ofNullable(ended.get(cookie));
  }

  private void forget(String cookie) {
    Session session = sessions.remove(cookie);
    if (session != null) {
      if (ended.size() >= ENDED_KEPT) {
        ended.remove(ended.keySet().iterator().next());
      }
      ended.put(cookie, session);
    }
  }

  /// Ends a session.
  public synchronized void end(String cookie, String reason) {
    Session session = sessions.get(cookie);
    if (session != null) {
      session.end(reason);
      forget(cookie);
    }
  }

  /// Ends what the provider says is over.
  ///
  /// @param logout the id of the provider's message
  /// @param sid the provider's session, or empty for all of the subject
  /// @return false if the message came before: it ends nothing again, so that whoever kept it
  ///   cannot sign people out
  public synchronized boolean endOf(Provider provider, String logout, String sid, String subject) {
    Instant now = clock.instant();
    logouts.values().removeIf(at -> !now.isBefore(at.plus(LOGOUTS_KEPT)));
    if (logouts.putIfAbsent(provider.id() + " " + logout, now) != null) {
      return false;
    }
    List.copyOf(sessions.entrySet()).stream()
        .filter(entry -> entry.getValue().isOf(provider, sid, subject))
        .forEach(entry -> end(entry.getKey(), "Your identity provider signed you out."));
    return true;
  }

  private static boolean isOver(SignInAttempt attempt, Instant now) {
    return !now.isBefore(attempt.startedAt().plus(ATTEMPT));
  }
}
