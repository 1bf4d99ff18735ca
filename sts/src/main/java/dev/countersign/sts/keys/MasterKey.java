package dev.countersign.sts.keys;

import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// The one secret of the token service that is not in its database: what is sealed there opens only
/// with it. Every replica has the same.
///
/// Threads may share it.
public final class MasterKey {
  /// The fewest characters.
  public static final int SHORTEST = 32;

  private static final String CIPHER = "AES/GCM/NoPadding";
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  private final SecretKeySpec secret;

  /// @throws IllegalArgumentException if it is shorter than 32 characters
  public MasterKey(Secret secret) {
    if (secret.reveal().length() < SHORTEST) {
      throw new IllegalArgumentException(
          "encryption-key must have at least 32 characters; make one with: openssl rand -base64 32");
    }
    this.secret = new SecretKeySpec(secret.reveal().getBytes(StandardCharsets.UTF_8), "HmacSHA256");
  }

  /// A key of its own for each purpose, the same at every replica.
  public byte[] derived(String purpose) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(secret);
      return mac.doFinal(("countersign sts v1 " + purpose).getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has HMAC-SHA-256", impossible);
    }
  }

  /// Seals a text for one purpose; it opens with the same purpose only.
  public String seal(String purpose, Secret text) {
    byte[] nonce = Ids.bytes(NONCE_BYTES);
    try {
      Cipher cipher = cipher(Cipher.ENCRYPT_MODE, purpose, nonce);
      byte[] sealed = cipher.doFinal(text.reveal().getBytes(StandardCharsets.UTF_8));
      byte[] all = Arrays.copyOf(nonce, NONCE_BYTES + sealed.length);
      System.arraycopy(sealed, 0, all, NONCE_BYTES, sealed.length);
      return Base64.getUrlEncoder().withoutPadding().encodeToString(all);
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has AES-GCM", impossible);
    }
  }

  /// Opens what was sealed for this purpose, or is empty where it was sealed with another key or
  /// for something else.
  public Optional<Secret> open(String purpose, String sealed) {
    byte[] all = Base64.getUrlDecoder().decode(sealed);
    if (all.length <= NONCE_BYTES) {
      return Optional.empty();
    }
    try {
      Cipher cipher = cipher(Cipher.DECRYPT_MODE, purpose, Arrays.copyOf(all, NONCE_BYTES));
      byte[] text = cipher.doFinal(all, NONCE_BYTES, all.length - NONCE_BYTES);
      return Optional.of(new Secret(new String(text, StandardCharsets.UTF_8)));
    } catch (AEADBadTagException other) {
      return Optional.empty();
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has AES-GCM", impossible);
    }
  }

  private Cipher cipher(int mode, String purpose, byte[] nonce) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance(CIPHER);
    cipher.init(
        mode,
        new SecretKeySpec(derived("seal " + purpose), "AES"),
        new GCMParameterSpec(TAG_BITS, nonce));
    return cipher;
  }
}
