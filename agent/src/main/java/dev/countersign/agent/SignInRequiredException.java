package dev.countersign.agent;

import java.net.URI;
import java.util.Optional;

/// The person's token is not, or no longer, accepted: sign them in again and repeat what they
/// asked. Holds no token.
public final class SignInRequiredException extends RuntimeException {
  private final transient Optional<URI> resourceMetadata;

  SignInRequiredException(Optional<URI> resourceMetadata) {
    super("the person must sign in again");
    this.resourceMetadata = resourceMetadata;
  }

  /// Where the server says how to sign in, if it said so (RFC 9728).
  public Optional<URI> resourceMetadata() {
    return resourceMetadata;
  }
}
