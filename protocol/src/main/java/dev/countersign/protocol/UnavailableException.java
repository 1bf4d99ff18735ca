package dev.countersign.protocol;

import org.jspecify.annotations.Nullable;

/// Something that the answer needs (a database, another box, an issuer) is away. The HTTP edge
/// answers 503 with `Retry-After`; nothing is granted meanwhile.
public class UnavailableException extends RuntimeException {
  /// @param message what is away; no secret, no value of the request
  public UnavailableException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
