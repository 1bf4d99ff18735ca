package dev.countersign.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.InstantSource;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Nonces for DPoP proofs that every replica can check without asking another: a period's number
/// under a keyed digest. A nonce is good for its period and the next.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9449#section-8 RFC 9449 §8
public final class DpopNonces {
  private static final long PERIOD_SECONDS = 120;

  private final SecretKeySpec key;
  private final InstantSource clock;

  /// @param key 32 secret bytes, the same at every replica
  public DpopNonces(byte[] key, InstantSource clock) {
    this.key = new SecretKeySpec(key, "HmacSHA256");
    this.clock = clock;
  }

  /// The nonce of now.
  public String current() {
    return nonce(period());
  }

  /// Whether a nonce is of this period or the one before.
  public boolean isFresh(String nonce) {
    long period = period();
    boolean isCurrent = equal(nonce, nonce(period));
    boolean isPrevious = equal(nonce, nonce(period - 1));
    return isCurrent || isPrevious;
  }

  private long period() {
    return clock.instant().getEpochSecond() / PERIOD_SECONDS;
  }

  private String nonce(long period) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      byte[] digest = mac.doFinal(ByteBuffer.allocate(Long.BYTES).putLong(period).array());
      return Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has HMAC-SHA-256", impossible);
    }
  }

  private static boolean equal(String one, String other) {
    return MessageDigest.isEqual(
        one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));
  }
}
