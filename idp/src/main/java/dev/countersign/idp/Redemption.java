package dev.countersign.idp;

import java.time.Instant;

/// How the redemption of a code or refresh token ended.
public sealed interface Redemption {
  /// It is good, and used up by this.
  record Granted(Grant grant) implements Redemption {}

  /// Nobody issued it to this client at this server.
  record Unknown() implements Redemption {}

  /// Its time is over.
  record Expired() implements Redemption {}

  /// It was used before; everything that came from it has been withdrawn.
  record Reused() implements Redemption {}

  /// The address is not the one of the authorization request.
  record WrongRedirectUri() implements Redemption {}

  /// The code verifier is missing or not the one of the challenge.
  record WrongVerifier() implements Redemption {}

  /// The person's sign-ins were revoked after it was issued.
  record Revoked(Instant issuedAt, Instant validFrom) implements Redemption {}
}
