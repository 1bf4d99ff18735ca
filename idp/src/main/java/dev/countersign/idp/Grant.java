package dev.countersign.idp;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What one sign-in granted one client. All codes and tokens of it are one family and end together.
///
/// @param family names the family
/// @param server which authorization server of the provider granted it
/// @param sessionId the browser session it came from
/// @param nonce of the authorization request, for the first ID token only
/// @param strengths which of those that were asked for the authentication reached
public record Grant(
    String family,
    String server,
    String clientId,
    Person person,
    List<String> scopes,
    @Nullable String nonce,
    String sessionId,
    Instant authenticatedAt,
    List<String> strengths) {

  public Grant {
    scopes = List.copyOf(scopes);
    strengths = List.copyOf(strengths);
  }

  /// This grant as a refresh token carries it.
  Grant withoutNonce() {
    return new Grant(
        family, server, clientId, person, scopes, null, sessionId, authenticatedAt, strengths);
  }
}
