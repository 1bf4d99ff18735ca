package dev.countersign.sts.clients;

import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Compares a client's secret with its slow hashes. A secret that was right once is remembered as a
/// digest under a key of this process, so that only the first request pays; a wrong one is counted
/// and soon not looked at any more.
///
/// Threads may share it.
final class SecretCheck {
  private static final int MOST_REMEMBERED = 10_000;
  // Slow hashes at the same time; a flood of guesses must not take all processors.
  private static final int AT_ONCE = 2;

  private final SecretKeySpec key = new SecretKeySpec(Ids.bytes(32), "HmacSHA256");
  private final Map<HashedSecret, byte[]> right = new ConcurrentHashMap<>();
  private final Semaphore slots = new Semaphore(AT_ONCE);
  private final GuessLimit guesses;

  SecretCheck(GuessLimit guesses) {
    this.guesses = guesses;
  }

  boolean isRight(
      Client client,
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
    if (guesses.isLocked(client.id(), source, now)) {
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
    guesses.wrong(client.id(), source, now);
    return false;
  }

  private boolean matches(HashedSecret hash, Secret offered) {
    slots.acquireUninterruptibly();
    try {
      return hash.matches(offered);
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
