package dev.countersign.idp.entra;

import dev.countersign.protocol.StrictJson;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// Entra's discovery documents, with its own members and with its own gaps: like the real ones they
/// do not name `code_challenge_methods_supported`.
///
/// @spec https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata OpenID Connect
///   Discovery 1.0 §3
final class EntraDiscovery {
  private EntraDiscovery() {}

  static ObjectNode version2(EntraAddresses addresses) {
    String tenant = addresses.tenant();
    ObjectNode json = StrictJson.object();
    json.put("token_endpoint", tenant + "/oauth2/v2.0/token");
    list(
        json,
        "token_endpoint_auth_methods_supported",
        List.of("client_secret_post", "client_secret_basic"));
    json.put("jwks_uri", tenant + "/discovery/v2.0/keys");
    list(json, "response_modes_supported", List.of("query", "fragment"));
    list(json, "subject_types_supported", List.of("pairwise"));
    list(json, "id_token_signing_alg_values_supported", List.of("RS256"));
    list(json, "response_types_supported", List.of("code"));
    list(json, "scopes_supported", List.of("openid", "profile", "email", "offline_access"));
    json.put("issuer", addresses.version2Issuer());
    json.put("request_uri_parameter_supported", false);
    json.put("userinfo_endpoint", addresses.graph() + "/oidc/userinfo");
    json.put("authorization_endpoint", tenant + "/oauth2/v2.0/authorize");
    json.put("authorization_response_iss_parameter_supported", true);
    json.put("http_logout_supported", true);
    json.put("frontchannel_logout_supported", false);
    json.put("end_session_endpoint", tenant + "/oauth2/v2.0/logout");
    list(
        json,
        "claims_supported",
        List.of(
            "sub",
            "iss",
            "cloud_instance_name",
            "cloud_instance_host_name",
            "cloud_graph_host_name",
            "msgraph_host",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "acr",
            "nonce",
            "preferred_username",
            "name",
            "tid",
            "ver",
            "at_hash",
            "c_hash",
            "email"));
    cloud(json, addresses);
    return json;
  }

  static ObjectNode version1(EntraAddresses addresses) {
    ObjectNode json = version2(addresses);
    json.put("issuer", addresses.version1Issuer());
    json.put("jwks_uri", addresses.tenant() + "/discovery/keys");
    return json;
  }

  private static void cloud(ObjectNode json, EntraAddresses addresses) {
    json.put("tenant_region_scope", "EU");
    json.put("cloud_instance_name", "localhost");
    json.put("cloud_graph_host_name", addresses.graph());
    json.put("msgraph_host", addresses.graph());
  }

  private static void list(ObjectNode json, String name, List<String> values) {
    values.forEach(json.putArray(name)::add);
  }
}
