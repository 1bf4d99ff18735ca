package dev.countersign.sts.stepup;

import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Draws one-time codes and keeps them only as keyed digests: whoever reads the database without
/// the key cannot try the million codes there are.
///
/// Threads may share it.
public final class OneTimeCodes {
  private static final int DIGITS = 6;
  private static final Pattern SHAPE = Pattern.compile("[0-9]{" + DIGITS + "}");

  private final SecretKeySpec key;

  /// @param key 32 secret bytes, the same at every replica
  public OneTimeCodes(byte[] key) {
    this.key = new SecretKeySpec(key, "HmacSHA256");
  }

  /// A fresh code.
  Secret draw() {
    return new Secret(Ids.digits(DIGITS));
  }

  /// The seal of a code for one approval.
  SealedCode seal(String approval, Secret code) {
    String salt = Ids.random();
    return new SealedCode(salt, digest(approval, salt, code.reveal()));
  }

  /// Whether an entered text is the sealed code; takes the same time whatever differs.
  boolean opens(SealedCode seal, String approval, String entered) {
    String plain = entered.replace(" ", "");
    boolean shaped = SHAPE.matcher(plain).matches();
    byte[] right = seal.digest().getBytes(StandardCharsets.US_ASCII);
    byte[] given =
        digest(approval, seal.salt(), shaped ? plain : "").getBytes(StandardCharsets.US_ASCII);
    return MessageDigest.isEqual(right, given) && shaped;
  }

  private String digest(String approval, String salt, String code) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      String text = approval + "\n" + salt + "\n" + code;
      return Base64.getUrlEncoder()
          .withoutPadding()
          .encodeToString(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has HMAC-SHA-256", impossible);
    }
  }

  /// What is kept of a code.
  public record SealedCode(String salt, String digest) {}
}
