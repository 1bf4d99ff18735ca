package dev.countersign.broker;

import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;

/// What PostgreSQL stores of a password: enough to check it, not enough to log in.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc5802#section-3 RFC 5802 §3
/// @spec https://www.rfc-editor.org/rfc/rfc7677 RFC 7677
public final class ScramVerifier {
  /// The fewest that RFC 7677 §4 recommends, for a password that somebody may have chosen.
  public static final int USUAL_ITERATIONS = 4096;

  private static final int MOST_ITERATIONS = 1_000_000;
  private static final int SALT_BYTES = 16;
  private static final int KEY_BITS = 256;

  private final String text;

  private ScramVerifier(String text) {
    this.text = text;
  }

  /// The verifier of a password, under a fresh salt.
  ///
  /// @param password ASCII letters, digits, `-` and `_` only, which SASLprep leaves as they are
  public static ScramVerifier of(Secret password) {
    return of(password, USUAL_ITERATIONS);
  }

  /// The verifier of a password, under a fresh salt.
  ///
  /// @param password ASCII letters, digits, `-` and `_` only
  /// @param iterations what makes guessing slow; one is enough for 256 random bits, which nobody
  ///   guesses
  public static ScramVerifier of(Secret password, int iterations) {
    return of(password, Ids.bytes(SALT_BYTES), iterations);
  }

  static ScramVerifier of(Secret password, byte[] salt, int iterations) {
    if (iterations < 1 || iterations > MOST_ITERATIONS) {
      throw new IllegalArgumentException("a password takes 1 to 1000000 iterations");
    }
    try {
      byte[] salted =
          SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
              .generateSecret(
                  new PBEKeySpec(password.reveal().toCharArray(), salt, iterations, KEY_BITS))
              .getEncoded();
      byte[] storedKey = Digest.raw(hmac(salted, "Client Key"));
      byte[] serverKey = hmac(salted, "Server Key");
      return new ScramVerifier(
          "SCRAM-SHA-256$%d:%s$%s:%s"
              .formatted(iterations, base64(salt), base64(storedKey), base64(serverKey)));
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has HMAC-SHA-256", impossible);
    }
  }

  /// The text as it stands in a statement: only letters, digits and `$ : + / = -`.
  public String text() {
    return text;
  }

  @Override
  public String toString() {
    return "ScramVerifier[redacted]";
  }

  private static byte[] hmac(byte[] key, String text) throws GeneralSecurityException {
    var mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return mac.doFinal(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }
}
