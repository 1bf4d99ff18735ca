package dev.countersign.console;

import dev.countersign.protocol.Secret;
import java.time.Duration;

/// How a sign-in ended at the provider.
public sealed interface SignInResult {
  /// The person is known.
  ///
  /// @param lifetime of the bearer
  record SignedIn(String person, Secret bearer, Duration lifetime) implements SignInResult {}

  /// The person is not signed in.
  ///
  /// @param reason for the person; no token, no code
  record Refused(String reason) implements SignInResult {}
}
