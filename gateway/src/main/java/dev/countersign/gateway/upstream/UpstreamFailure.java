package dev.countersign.gateway.upstream;

import org.jspecify.annotations.Nullable;

/// A server behind the gateway gave no answer that can be used. Caught where its answer becomes a
/// result.
public final class UpstreamFailure extends RuntimeException {
  private final Kind kind;

  /// @param message for the log and the operator; nothing that the server or a caller wrote
  public UpstreamFailure(Kind kind, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  UpstreamFailure(Kind kind, String message) {
    this(kind, message, null);
  }

  public Kind kind() {
    return kind;
  }

  /// For the log and the operator.
  public String reason() {
    return String.valueOf(getMessage());
  }

  /// What is known of the request.
  public enum Kind {
    /// It never reached the server.
    AWAY,
    /// The server does not take our credential: 401 or 403.
    REFUSED,
    /// No complete answer in time, or the connection broke: what it did is unknown.
    BROKEN,
    /// The answer is larger than it may be.
    TOO_LARGE,
    /// The answer is not the protocol's.
    PROTOCOL
  }
}
