package dev.countersign.sts.clients;

import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.spec.KeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/// A client secret as we keep it: slow to try, and of no use to who reads it.
///
/// @param text `pbkdf2-sha512$iterations$salt$hash`, the last two in base64url
public record HashedSecret(String text) {
  private static final Pattern FORM =
      Pattern.compile(
          "pbkdf2-sha512\\$([1-9][0-9]{3,6})\\$([A-Za-z0-9_-]{22})\\$([A-Za-z0-9_-]{43})");
  private static final int ITERATIONS = 210_000;
  private static final int SALT_BYTES = 16;
  private static final int HASH_BITS = 256;

  /// The fewest characters of a secret: with fewer it could be guessed.
  public static final int SHORTEST = 32;

  public HashedSecret {
    if (!FORM.matcher(text).matches()) {
      throw new IllegalArgumentException("not a hashed secret");
    }
  }

  /// Hashes a secret.
  ///
  /// @throws IllegalArgumentException if it is shorter than 32 characters
  public static HashedSecret of(Secret secret) {
    return of(secret, ITERATIONS);
  }

  /// Hashes a secret with a cost of one's own.
  ///
  /// @param iterations at least 1000
  /// @throws IllegalArgumentException if it is shorter than 32 characters
  public static HashedSecret of(Secret secret, int iterations) {
    if (secret.reveal().length() < SHORTEST) {
      throw new IllegalArgumentException(
          "a client secret must have at least 32 characters; make one with: openssl rand -base64 32");
    }
    byte[] salt = Ids.bytes(SALT_BYTES);
    Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
    return new HashedSecret(
        "pbkdf2-sha512$"
            + iterations
            + "$"
            + base64.encodeToString(salt)
            + "$"
            + base64.encodeToString(derive(secret, salt, iterations)));
  }

  /// The hash of no secret, as slow to try as one of [#of].
  static HashedSecret ofNothing() {
    Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
    return new HashedSecret(
        "pbkdf2-sha512$"
            + ITERATIONS
            + "$"
            + base64.encodeToString(Ids.bytes(SALT_BYTES))
            + "$"
            + base64.encodeToString(Ids.bytes(HASH_BITS / 8)));
  }

  /// Whether this is the hash of that secret; takes the same time whatever differs.
  public boolean matches(Secret secret) {
    Matcher parts = FORM.matcher(text);
    if (!parts.matches()) {
      return false;
    }
    Base64.Decoder base64 = Base64.getUrlDecoder();
    byte[] derived =
        derive(secret, base64.decode(parts.group(2)), Integer.parseInt(parts.group(1)));
    return MessageDigest.isEqual(derived, base64.decode(parts.group(3)));
  }

  private static byte[] derive(Secret secret, byte[] salt, int iterations) {
    KeySpec spec = new PBEKeySpec(secret.reveal().toCharArray(), salt, iterations, HASH_BITS);
    try {
      return SecretKeyFactory.getInstance("PBKDF2WithHmacSHA512").generateSecret(spec).getEncoded();
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has PBKDF2", impossible);
    }
  }

  @Override
  public String toString() {
    return "HashedSecret[redacted]";
  }
}
