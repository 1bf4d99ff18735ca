package dev.countersign.console;

import dev.countersign.protocol.Secret;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// An identity provider at which people of this console sign in.
///
/// @param id the last part of the redirect URI, `/callback/{id}`
/// @param label what the person reads
/// @param issuer compared exactly; its discovery document tells the rest
/// @param clientId the console there
/// @param clientSecret where it is registered as a confidential client; PKCE is used in any case
/// @param scopes among them the one whose token the gateway accepts
/// @param internalHosts its hosts that may be on the loopback interface or in a private network
public record Provider(
    String id,
    String label,
    URI issuer,
    String clientId,
    Optional<Secret> clientSecret,
    List<String> scopes,
    Set<String> internalHosts) {
  private static final Pattern ID = Pattern.compile("[a-z0-9-]{1,40}");

  public Provider {
    scopes = List.copyOf(scopes);
    internalHosts = Set.copyOf(internalHosts);
    if (!ID.matcher(id).matches()) {
      throw new IllegalArgumentException(
          "the name of a provider has lower-case letters, digits and hyphens");
    }
    if (issuer.getQuery() != null || issuer.getFragment() != null || issuer.getHost() == null) {
      throw new IllegalArgumentException("`issuer` must be a URL without query and fragment");
    }
    if (label.isBlank() || clientId.isBlank()) {
      throw new IllegalArgumentException("a provider needs a label and a client id");
    }
    if (!scopes.contains("openid")) {
      throw new IllegalArgumentException("`scopes` must contain openid");
    }
  }
}
