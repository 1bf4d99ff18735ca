package dev.countersign.idp;

import java.util.Set;
import java.util.regex.Pattern;

/// A custom authorization server, as Okta's API Access Management makes them.
///
/// @param id the last part of its issuer, such as `default`
/// @param audience `aud` of its access tokens, such as `api://refunds`
/// @param scopes its own scopes, beside OpenID Connect's
/// @param claims custom claims of its access tokens, of `refund_limit` and `email`
public record OktaCustomServer(String id, String audience, Set<String> scopes, Set<String> claims) {
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9]{1,40}");
  private static final Set<String> KNOWN_CLAIMS = Set.of("refund_limit", "email");

  public OktaCustomServer {
    scopes = Set.copyOf(scopes);
    claims = Set.copyOf(claims);
    if (!ID.matcher(id).matches() || id.equals("v1")) {
      throw new IllegalArgumentException("the id of a server has letters and digits only");
    }
    if (!KNOWN_CLAIMS.containsAll(claims)) {
      throw new IllegalArgumentException("custom claims must be among refund_limit and email");
    }
  }

  /// The server `default` with both custom claims.
  public static OktaCustomServer standard(String audience, Set<String> scopes) {
    return new OktaCustomServer("default", audience, scopes, KNOWN_CLAIMS);
  }
}
