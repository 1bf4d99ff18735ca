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
  private static final int ITERATIONS = 4096; // the fewest that RFC 7677 allows and clients accept
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
    return of(password, Ids.bytes(SALT_BYTES));
  }

  static ScramVerifier of(Secret password, byte[] salt) {
    try {
      byte[] salted =
          SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
              .generateSecret(
                  new PBEKeySpec(password.reveal().toCharArray(), salt, ITERATIONS, KEY_BITS))
              .getEncoded();
      byte[] storedKey = Digest.raw(hmac(salted, "Client Key"));
      byte[] serverKey = hmac(salted, "Server Key");
      return new ScramVerifier(
          "SCRAM-SHA-256$%d:%s$%s:%s"
              .formatted(ITERATIONS, base64(salt), base64(storedKey), base64(serverKey)));
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
