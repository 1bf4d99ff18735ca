package dev.countersign.sts;

import static dev.countersign.protocol.OAuthError.INVALID_AUTHORIZATION_DETAILS;
import static dev.countersign.protocol.OAuthError.INVALID_REQUEST;
import static dev.countersign.protocol.OAuthError.INVALID_SCOPE;
import static dev.countersign.protocol.OAuthError.INVALID_TARGET;

import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.WireException;
import dev.countersign.sts.clients.Client;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// What a token request asks for, checked against what its client may ask for.
///
/// @param scope the scopes in one order, so that the same request has one spelling
/// @param audience the one resource
/// @param types the registry that the details were checked against
record TokenRequest(
    Client client,
    String scope,
    Set<String> scopes,
    String audience,
    AuthorizationDetails details,
    TypeRegistry types) {

  /// Reads the parameters that both grants share.
  ///
  /// @throws WireException naming the parameter that is wrong
  static TokenRequest parse(Map<String, String> form, Client client, TypeRegistry types) {
    AuthorizationDetails details = details(form, client, types);
    Set<String> scopes = scopes(form, client);
    return new TokenRequest(
        client,
        String.join(" ", new TreeSet<>(scopes)),
        scopes,
        audience(form, client),
        details,
        types);
  }

  /// A parameter that must be there.
  ///
  /// @throws WireException `invalid_request` if it is missing
  static String required(Map<String, String> form, String name) {
    String value = form.get(name);
    if (value == null) {
      throw new WireException(INVALID_REQUEST, name + " is missing");
    }
    return value;
  }

  private static AuthorizationDetails details(
      Map<String, String> form, Client client, TypeRegistry types) {
    String text = form.get("authorization_details");
    if (text == null) {
      throw new WireException(
          INVALID_AUTHORIZATION_DETAILS, "authorization_details is required for this client");
    }
    AuthorizationDetails details = AuthorizationDetails.parse(text);
    types.check(details);
    for (AuthorizationDetails.Element element : details.elements()) {
      if (!client.detailTypes().contains(element.type())) {
        throw new WireException(
            INVALID_AUTHORIZATION_DETAILS,
            "authorization_details has a type that this client is not registered for");
      }
    }
    return details;
  }

  private static Set<String> scopes(Map<String, String> form, Client client) {
    String text = form.get("scope");
    if (text == null) {
      if (client.scopes().size() != 1) {
        throw new WireException(INVALID_SCOPE, "scope is required for this client");
      }
      return client.scopes();
    }
    Set<String> scopes = Scopes.parse(text);
    if (!client.scopes().containsAll(scopes)) {
      throw new WireException(
          INVALID_SCOPE, "scope names a scope that this client is not registered for");
    }
    return scopes;
  }

  private static String audience(Map<String, String> form, Client client) {
    String resource = form.get("resource");
    String audience = form.get("audience");
    if (resource != null && audience != null) {
      throw new WireException(INVALID_TARGET, "resource and audience name two targets, not one");
    }
    if (resource != null && !isResource(resource)) {
      throw new WireException(
          INVALID_TARGET, "resource must be an absolute URI without a fragment");
    }
    String target = resource != null ? resource : audience;
    if (target == null) {
      if (client.audiences().size() != 1) {
        throw new WireException(INVALID_REQUEST, "resource is required for this client");
      }
      return client.audiences().getFirst();
    }
    if (!client.audiences().contains(target)) {
      throw new WireException(
          INVALID_TARGET, "the target is not one that this client is registered for");
    }
    return target;
  }

  private static boolean isResource(String text) {
    try {
      URI uri = new URI(text);
      return uri.isAbsolute() && uri.getRawFragment() == null;
    } catch (URISyntaxException malformed) {
      return false;
    }
  }
}
