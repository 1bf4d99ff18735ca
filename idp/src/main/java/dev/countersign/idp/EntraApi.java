package dev.countersign.idp;

import java.util.Set;

/// A registered web API of the Entra-shaped tenant: the resource decides what its tokens look like.
///
/// @param clientId the GUID; `aud` of version 2 tokens
/// @param applicationIdUri such as `api://refunds`; `aud` of version 1 tokens
/// @param scopes names without the resource, such as `refunds.use`
/// @param requestedAccessTokenVersion 2, or 1 for what a new registration does by default
/// @param optionalClaims of `email` and `auth_time`, those that the manifest asks for
public record EntraApi(
    String clientId,
    String applicationIdUri,
    Set<String> scopes,
    int requestedAccessTokenVersion,
    Set<String> optionalClaims) {
  private static final Set<String> KNOWN_CLAIMS = Set.of("email", "auth_time");

  public EntraApi {
    scopes = Set.copyOf(scopes);
    optionalClaims = Set.copyOf(optionalClaims);
    if (scopes.isEmpty()) {
      throw new IllegalArgumentException("an API needs at least one scope");
    }
    if (requestedAccessTokenVersion != 1 && requestedAccessTokenVersion != 2) {
      throw new IllegalArgumentException("requestedAccessTokenVersion must be 1 or 2");
    }
    if (!KNOWN_CLAIMS.containsAll(optionalClaims)) {
      throw new IllegalArgumentException("optional claims must be among email and auth_time");
    }
  }
}
