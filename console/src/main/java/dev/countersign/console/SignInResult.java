package dev.countersign.console;

import dev.countersign.protocol.Secret;

/// How a sign-in ended at the provider.
public sealed interface SignInResult {
  /// The person is known.
  ///
  /// @param person their name, for the page
  /// @param subject `sub` of the ID token
  /// @param sid the provider's own session, or empty where it names none
  record SignedIn(String person, String subject, String sid, Secret idToken, Grant grant)
      implements SignInResult {}

  /// The person is not signed in.
  ///
  /// @param reason for the person; no token, no code
  record Refused(String reason) implements SignInResult {}
}
