package dev.countersign.idp;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/// The last sign-ins, refreshes and revocations, newest first. Threads may share it.
public final class LoginEvents {
  private static final int KEPT = 200;

  private final InstantSource clock;
  private final Deque<LoginEvent> events = new ArrayDeque<>();

  public LoginEvents(InstantSource clock) {
    this.clock = clock;
  }

  /// Notes what happened.
  ///
  /// @param username of the directory, never what somebody typed, which may be a password
  public synchronized void note(Kind kind, String username, String clientId) {
    events.addFirst(new LoginEvent(clock.instant(), kind, username, clientId));
    while (events.size() > KEPT) {
      events.removeLast();
    }
  }

  /// The events, newest first.
  public synchronized List<LoginEvent> latest() {
    return List.copyOf(events);
  }

  /// What can happen.
  public enum Kind {
    SIGNED_IN,
    SIGNED_IN_SILENTLY,
    SIGN_IN_FAILED,
    SIGNED_OUT,
    TOKENS_ISSUED,
    TOKENS_REFRESHED,
    REFRESH_REFUSED,
    SESSIONS_REVOKED,
    TOKENS_REVOKED
  }

  /// One event.
  public record LoginEvent(Instant at, Kind kind, String username, String clientId) {}
}
