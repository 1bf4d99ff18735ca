package dev.countersign.protocol;

/// A request from the wire is malformed. Thrown by parsers, caught once at the HTTP edge.
public final class WireException extends RuntimeException {
  private final OAuthError error;

  /// @param description which member is wrong and how to mend it; never its value; only characters
  ///   that RFC 6749 §5.2 allows
  public WireException(OAuthError error, String description) {
    super(description);
    this.error = error;
  }

  public OAuthError error() {
    return error;
  }

  public String description() {
    return String.valueOf(getMessage());
  }
}
