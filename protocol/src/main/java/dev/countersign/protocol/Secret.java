package dev.countersign.protocol;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/// Text that must not be printed, logged or compared by accident: a token, a password, a code.
///
/// Threads may share it.
public final class Secret {
  private final String value;

  public Secret(String value) {
    this.value = value;
  }

  /// Hands out the text. Search for this name to find every place a secret leaves its wrapper.
  public String reveal() {
    return value;
  }

  /// Compares in time that does not depend on where the texts differ.
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Secret secret
        && MessageDigest.isEqual(
            value.getBytes(StandardCharsets.UTF_8), secret.value.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public int hashCode() {
    return value.hashCode();
  }

  @Override
  public String toString() {
    return "Secret[redacted]";
  }
}
