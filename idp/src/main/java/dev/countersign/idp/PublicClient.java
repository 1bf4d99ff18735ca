package dev.countersign.idp;

import java.util.Set;

/// An application that signs people in with code and PKCE and holds no secret.
///
/// @param id the `client_id`
/// @param redirectUris compared as whole texts
/// @param postLogoutRedirectUris where a logout may lead; may be empty
public record PublicClient(
    String id, String name, Set<String> redirectUris, Set<String> postLogoutRedirectUris) {

  public PublicClient {
    redirectUris = Set.copyOf(redirectUris);
    postLogoutRedirectUris = Set.copyOf(postLogoutRedirectUris);
    if (id.isBlank() || redirectUris.isEmpty()) {
      throw new IllegalArgumentException("a client needs an id and at least one redirect URI");
    }
  }
}
