package dev.countersign.box.postgres;

import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import org.postgresql.util.PasswordUtil;

/// What PostgreSQL stores of a password, made on our side, so that the password itself appears in
/// no statement and in no log of the server.
///
/// @spec https://www.rfc-editor.org/rfc/rfc5802#section-3 RFC 5802 §3
public final class ScramVerifier {
  /// The length of a password from [#newPassword]: more than 256 random bits.
  private static final int PASSWORD_LENGTH = 43;

  // Fewer than the 4096 of RFC 7677: stretching slows down guessing, and nobody guesses 256 random
  // bits. It would cost each new connection milliseconds of both sides.
  private static final int ITERATIONS = 64;
  private static final int SALT_BYTES = 16;

  private ScramVerifier() {}

  /// A password of 256 random bits, letters and digits only.
  public static Secret newPassword() {
    return new Secret(Ids.base62(PASSWORD_LENGTH));
  }

  /// The verifier of such a password, for `PASSWORD '…'`. It holds no character that needs quoting.
  ///
  /// @throws IllegalArgumentException for a password that is too short to be one of ours
  public static String of(Secret password) {
    if (password.reveal().length() < PASSWORD_LENGTH) {
      throw new IllegalArgumentException("a verifier is made for random passwords only");
    }
    return PasswordUtil.encodeScramSha256(
        password.reveal().toCharArray(), ITERATIONS, Ids.bytes(SALT_BYTES));
  }
}
