package dev.countersign.console;

import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/// One person's web session. The bearer stays in here; no page and no cookie carries it.
///
/// Threads may share it.
public final class Session {
  private static final int KEPT_CALLS = 20;

  private final Provider provider;
  private final String person;
  private final Secret bearer;
  private final Instant expiresAt;
  private final Secret csrf = new Secret(Ids.random());
  private final Deque<Call> calls = new ArrayDeque<>();

  public Session(Provider provider, String person, Secret bearer, Instant expiresAt) {
    this.provider = provider;
    this.person = person;
    this.bearer = bearer;
    this.expiresAt = expiresAt;
  }

  public Provider provider() {
    return provider;
  }

  /// The person's name as the provider tells it.
  public String person() {
    return person;
  }

  public Secret bearer() {
    return bearer;
  }

  /// When the bearer ends, and the session with it.
  public Instant expiresAt() {
    return expiresAt;
  }

  /// What every form of this session carries.
  public Secret csrf() {
    return csrf;
  }

  /// Remembers a call for the page.
  public void remember(Call call) {
    synchronized (calls) {
      calls.addFirst(call);
      while (calls.size() > KEPT_CALLS) {
        calls.removeLast();
      }
    }
  }

  /// The latest calls, newest first.
  public List<Call> calls() {
    synchronized (calls) {
      return List.copyOf(calls);
    }
  }
}
