package dev.countersign.console;

import dev.countersign.console.chat.Chat;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// One person's web session. The provider's tokens stay in here; no page and no cookie carries one.
///
/// Threads may share it.
public final class Session {
  private static final int KEPT_CALLS = 20;
  private static final Duration RENEW_BEFORE = Duration.ofSeconds(60);

  private final Provider provider;
  private final SignInResult.SignedIn signedIn;
  private final SessionLimits limits;
  private final Instant startedAt;
  private final Secret csrf = new Secret(Ids.random());
  private final Chat chat;
  private final ReentrantLock renewal = new ReentrantLock();
  private final Deque<Call> calls = new ArrayDeque<>();
  private Grant grant;
  private Instant seenAt;
  private Instant lookedAt;
  private boolean hasEnded;
  private Pattern pattern = Pattern.TE;

  /// @param traces of the person's earlier sessions too
  public Session(
      Provider provider,
      SignInResult.SignedIn signedIn,
      SessionLimits limits,
      Traces traces,
      Instant now) {
    this.provider = provider;
    this.signedIn = signedIn;
    this.chat = new Chat(traces);
    this.limits = limits;
    this.startedAt = now;
    this.grant = signedIn.grant();
    this.seenAt = now;
    this.lookedAt = now;
  }

  public Provider provider() {
    return provider;
  }

  /// The person's name as the provider tells it.
  public String person() {
    return signedIn.person();
  }

  /// Whether the provider speaks of this session: the same `sid` where both name one, else the same
  /// `sub`.
  public boolean isOf(Provider from, String sid, String subject) {
    return provider.equals(from)
        && ((sid.isEmpty() || signedIn.sid().isEmpty())
            ? signedIn.subject().equals(subject)
            : signedIn.sid().equals(sid));
  }

  /// What proves to the provider, at sign-out, whose session it is to end.
  public Secret idToken() {
    return signedIn.idToken();
  }

  /// Where tokens are exchanged for this session's calls.
  public synchronized Pattern pattern() {
    return pattern;
  }

  public synchronized void take(Pattern chosen) {
    pattern = chosen;
  }

  public synchronized Secret bearer() {
    return grant.bearer();
  }

  /// What the provider takes for a new bearer, once the present one is about to end.
  public synchronized Optional<Secret> refreshTokenIfDue(Instant now) {
    return now.isBefore(grant.expiresAt().minus(RENEW_BEFORE))
        ? Optional.empty()
        : grant.refreshToken();
  }

  /// Held by whoever renews, so that a refresh token is used once; nothing else waits for it.
  public ReentrantLock renewal() {
    return renewal;
  }

  /// Goes on with newer tokens.
  public synchronized void renew(Grant newer) {
    grant = newer.orKeeping(grant.refreshToken());
  }

  /// Ends the session where a limit is passed, or its bearer has ended and cannot be renewed.
  ///
  /// @return whether it has ended, now or before
  public boolean endIfOver(Instant now) {
    overBy(now).ifPresent(this::end);
    return hasEnded();
  }

  private synchronized Optional<String> overBy(Instant now) {
    if (!now.isBefore(startedAt.plus(limits.absolute()))) {
      return Optional.of("Your sign-in has reached its longest time.");
    }
    if (!now.isBefore(seenAt.plus(limits.idle()))) {
      return Optional.of("You were signed out because you did nothing here for a while.");
    }
    return now.isBefore(grant.expiresAt()) || grant.refreshToken().isPresent()
        ? Optional.empty()
        : Optional.of("Your sign-in at " + provider.label() + " has expired.");
  }

  synchronized Instant seenAt() {
    return seenAt;
  }

  /// The person did something; a page that is only open is not that.
  public synchronized void see(Instant now) {
    seenAt = now;
  }

  /// Whether it is time to ask again if the person is still in; true for one caller each time.
  public synchronized boolean isDue(Instant now, Duration every) {
    if (now.isBefore(lookedAt.plus(every))) {
      return false;
    }
    lookedAt = now;
    return true;
  }

  /// Ends it: nothing runs on, and its pages say why.
  ///
  /// @param reason for the person
  public void end(String reason) {
    synchronized (this) {
      hasEnded = true;
    }
    chat.end(reason);
  }

  public synchronized boolean hasEnded() {
    return hasEnded;
  }

  /// What every form of this session carries.
  public Secret csrf() {
    return csrf;
  }

  public Chat chat() {
    return chat;
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
