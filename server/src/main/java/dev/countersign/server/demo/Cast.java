package dev.countersign.server.demo;

import dev.countersign.protocol.Secret;
import java.net.URI;

/// Who plays in one performance of the story: an identity provider and two of its people.
///
/// @param provider how the story names the identity provider
/// @param anchor the trust anchor's name
/// @param tokenType the anchor's `subject_token_type`
/// @param revocation the provider's own revocation call, for the reader
/// @param high somebody with a refund limit of 500.00
/// @param low somebody with a refund limit of 50.00
/// @param password of both
/// @param cases three open cases of the refunds example, in US dollars
record Cast(
    String provider,
    String anchor,
    String tokenType,
    URI issuer,
    String clientId,
    String scope,
    String revocation,
    Someone high,
    Someone low,
    Secret password,
    Cases cases) {

  /// A person.
  record Someone(String name, String username, String mail) {}

  /// Case numbers.
  ///
  /// @param direct refunded within the limit
  /// @param steppedUp refunded after an approval
  /// @param stolen refunded once with a stolen login
  record Cases(String direct, String steppedUp, String stolen) {}
}
