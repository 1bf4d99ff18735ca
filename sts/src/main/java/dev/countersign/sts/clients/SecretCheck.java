package dev.countersign.sts.clients;

import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiPredicate;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Compares a client's secret with its slow hashes. A secret that was right once is remembered as a
/// digest under a key of this process, so that only the first request pays; a wrong one is counted
/// and soon not looked at any more. A source whose guesses at many clients were wrong is still
/// looked at once a second: the clients behind one proxy are one source, and none of them shuts out
/// another.
///
/// A refusal costs the same whether the client is unknown, has no secret or has another one, so
/// that the time it takes names no clients.
///
/// Threads may share it.
final class SecretCheck {
  private static final int MOST_REMEMBERED = 10_000;
  // Slow hashes at the same time; a flood of guesses must not take all processors.
  private static final int AT_ONCE = 2;
  // Of one source that guessed too much. Who knows a secret gets through; a flood gets nowhere.
  private static final long TRICKLE = Duration.ofSeconds(1).toNanos();

  private final SecretKeySpec key = new SecretKeySpec(Ids.bytes(32), "HmacSHA256");
  private final Map<HashedSecret, byte[]> right = new ConcurrentHashMap<>();
  private final Semaphore slots = new Semaphore(AT_ONCE);
  private final GuessLimit guesses;
  private final BiPredicate<HashedSecret, Secret> slowly;
  private final AtomicLong lastTrickle = new AtomicLong(System.nanoTime() - TRICKLE);
  private final HashedSecret nobodys = HashedSecret.ofNothing();

  /// @param slowly compares a hash with a secret, at the price of one derivation
  SecretCheck(GuessLimit guesses, BiPredicate<HashedSecret, Secret> slowly) {
    this.guesses = guesses;
    this.slowly = slowly;
  }

  /// Whether this is a secret of the client.
  ///
  /// @param client its id as the request names it, known or not
  /// @param secrets its secrets; none where it is not known or proves itself otherwise
  boolean isRight(
      String client,
      List<Credentials.DatedSecret> secrets,
      Secret offered,
      String source,
      Instant now) {
    List<HashedSecret> valid =
        secrets.stream()
            .filter(secret -> secret.isValidAt(now))
            .map(Credentials.DatedSecret::hash)
            .toList();
    byte[] digest = digest(offered);
    for (HashedSecret hash : valid) {
      byte[] known = right.get(hash);
      if (known != null && MessageDigest.isEqual(known, digest)) {
        return true;
      }
    }
    if (isLocked(guesses.lock(client, source, now))) {
      return false;
    }
    for (HashedSecret hash : valid) {
      if (matches(hash, offered)) {
        if (right.size() >= MOST_REMEMBERED) {
          right.clear();
        }
        right.put(hash, digest);
        return true;
      }
    }
    for (int i = valid.size(); i < Registration.MOST_SECRETS; i++) {
      matches(nobodys, offered);
    }
    guesses.wrong(client, source, now);
    return false;
  }

  private boolean isLocked(GuessLimit.Lock lock) {
    return switch (lock) {
      case NONE -> false;
      case CLIENT -> true;
      case SOURCE -> {
        long last = lastTrickle.get();
        long now = System.nanoTime();
        yield now - last < TRICKLE || !lastTrickle.compareAndSet(last, now);
      }
    };
  }

  private boolean matches(HashedSecret hash, Secret offered) {
    slots.acquireUninterruptibly();
    try {
      return slowly.test(hash, offered);
    } finally {
      slots.release();
    }
  }

  private byte[] digest(Secret secret) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      return mac.doFinal(secret.reveal().getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has HMAC-SHA-256", impossible);
    }
  }
}
