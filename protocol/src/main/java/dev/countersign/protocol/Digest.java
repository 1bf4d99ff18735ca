package dev.countersign.protocol;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/// SHA-256 in the spelling that tokens and tables use: base64url without padding, 43 characters.
public final class Digest {
  private Digest() {}

  /// The digest of a text's UTF-8 bytes.
  public static String sha256(String text) {
    return sha256(text.getBytes(StandardCharsets.UTF_8));
  }

  /// The digest of bytes.
  public static String sha256(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(raw(bytes));
  }

  /// The digest of bytes, as 32 bytes.
  public static byte[] raw(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java platform has SHA-256", impossible);
    }
  }
}
