package dev.countersign.idp;

import java.util.Set;

/// An application that signs people in with code and PKCE and holds no secret.
///
/// @param id the `client_id`
/// @param redirectUris compared as whole texts
/// @param postLogoutRedirectUris where a logout may lead; may be empty
/// @param optionalClaims of the ID token, those that the application's manifest asks for (Entra):
///   of `auth_time`
public record PublicClient(
    String id,
    String name,
    Set<String> redirectUris,
    Set<String> postLogoutRedirectUris,
    Set<String> optionalClaims) {

  public PublicClient {
    redirectUris = Set.copyOf(redirectUris);
    postLogoutRedirectUris = Set.copyOf(postLogoutRedirectUris);
    if (id.isBlank() || redirectUris.isEmpty()) {
      throw new IllegalArgumentException("a client needs an id and at least one redirect URI");
    }
    if (!Set.of("auth_time").containsAll(optionalClaims)) {
      throw new IllegalArgumentException("a client's optional claims must be among auth_time");
    }
    optionalClaims = Set.copyOf(optionalClaims);
  }

  /// A client whose ID tokens are as they are by default.
  public PublicClient(
      String id, String name, Set<String> redirectUris, Set<String> postLogoutRedirectUris) {
    this(id, name, redirectUris, postLogoutRedirectUris, Set.of());
  }
}
