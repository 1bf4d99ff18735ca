package dev.countersign.box;

import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// Closes text with AES-256-GCM, so that who reads a box's database, or its backup, has nothing.
/// Threads may share it.
///
/// @spec https://csrc.nist.gov/pubs/sp/800/38/d/final NIST SP 800-38D
public final class Seal {
  private static final String CIPHER = "AES/GCM/NoPadding";
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  private final SecretKeySpec key;

  /// @param secret at least 128 random bits, as text
  public Seal(Secret secret) {
    byte[] text = ("countersign seal 1\n" + secret.reveal()).getBytes(StandardCharsets.UTF_8);
    key = new SecretKeySpec(Digest.raw(text), "AES");
  }

  /// Closes a text.
  ///
  /// @param about what the text belongs to; it opens for nothing else
  public String seal(String text, String about) {
    byte[] nonce = Ids.bytes(NONCE_BYTES);
    byte[] sealed = crypt(Cipher.ENCRYPT_MODE, nonce, text.getBytes(StandardCharsets.UTF_8), about);
    byte[] all = Arrays.copyOf(nonce, NONCE_BYTES + sealed.length);
    System.arraycopy(sealed, 0, all, NONCE_BYTES, sealed.length);
    return Base64.getEncoder().encodeToString(all);
  }

  /// Opens a text.
  ///
  /// @throws IllegalStateException if it was closed with another key or for something else, or was
  ///   changed
  public String open(String sealed, String about) {
    byte[] all = Base64.getDecoder().decode(sealed);
    byte[] nonce = Arrays.copyOf(all, NONCE_BYTES);
    byte[] text = Arrays.copyOfRange(all, NONCE_BYTES, all.length);
    return new String(crypt(Cipher.DECRYPT_MODE, nonce, text, about), StandardCharsets.UTF_8);
  }

  private byte[] crypt(int mode, byte[] nonce, byte[] text, String about) {
    try {
      Cipher cipher = Cipher.getInstance(CIPHER);
      cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
      cipher.updateAAD(about.getBytes(StandardCharsets.UTF_8));
      return cipher.doFinal(text);
    } catch (GeneralSecurityException unopened) {
      throw new IllegalStateException("a sealed text does not open with this key", unopened);
    }
  }
}
