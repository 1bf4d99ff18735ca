package dev.countersign.idp.okta;

import dev.countersign.idp.OktaCustomServer;
import dev.countersign.protocol.StrictJson;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// The discovery document of one of Okta's authorization servers.
///
/// @spec https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata OpenID Connect
///   Discovery 1.0 §3
final class OktaDiscovery {
  private OktaDiscovery() {}

  static ObjectNode of(OktaServer server) {
    String endpoints = server.endpoints();
    ObjectNode json = StrictJson.object();
    json.put("issuer", server.issuer());
    json.put("authorization_endpoint", endpoints + "/authorize");
    json.put("token_endpoint", endpoints + "/token");
    json.put("userinfo_endpoint", endpoints + "/userinfo");
    json.put("jwks_uri", endpoints + "/keys");
    list(json, "response_types_supported", List.of("code"));
    list(json, "response_modes_supported", List.of("query", "fragment"));
    list(json, "grant_types_supported", List.of("authorization_code", "refresh_token"));
    list(json, "subject_types_supported", List.of("public"));
    list(json, "id_token_signing_alg_values_supported", List.of("RS256"));
    list(json, "scopes_supported", scopes(server));
    list(json, "token_endpoint_auth_methods_supported", List.of("none"));
    list(json, "claims_supported", claims(server));
    list(json, "code_challenge_methods_supported", List.of("S256"));
    json.put("introspection_endpoint", endpoints + "/introspect");
    list(json, "introspection_endpoint_auth_methods_supported", List.of("none"));
    json.put("revocation_endpoint", endpoints + "/revoke");
    list(json, "revocation_endpoint_auth_methods_supported", List.of("none"));
    json.put("end_session_endpoint", endpoints + "/logout");
    json.put("request_parameter_supported", false);
    json.put("authorization_response_iss_parameter_supported", true);
    return json;
  }

  private static List<String> scopes(OktaServer server) {
    var scopes = new ArrayList<>(List.of("openid", "profile", "email", "offline_access"));
    if (server.kind() instanceof OktaServer.Kind.Custom(OktaCustomServer custom)) {
      custom.scopes().stream().sorted().forEach(scopes::add);
    }
    return scopes;
  }

  private static List<String> claims(OktaServer server) {
    var claims =
        new ArrayList<>(
            List.of(
                "ver",
                "jti",
                "iss",
                "aud",
                "iat",
                "exp",
                "cid",
                "uid",
                "scp",
                "sub",
                "auth_time",
                "nonce",
                "acr",
                "amr",
                "idp",
                "at_hash",
                "name",
                "preferred_username",
                "email"));
    if (server.kind() instanceof OktaServer.Kind.Custom(OktaCustomServer custom)) {
      custom.claims().stream().sorted().filter(c -> !claims.contains(c)).forEach(claims::add);
    }
    return claims;
  }

  private static void list(ObjectNode json, String name, List<String> values) {
    values.forEach(json.putArray(name)::add);
  }
}
