package dev.countersign.sts.http;

import com.nimbusds.jose.jwk.JWK;
import dev.countersign.box.Http;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// What others may know of us: the metadata documents and our public keys.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8414#section-2 RFC 8414 §2
/// @spec https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata OpenID
///   Discovery §3
final class Discovery {
  private static final List<String> ASSERTION_ALGORITHMS = List.of("ES256", "RS256", "PS256");

  private final ObjectNode metadata;
  private final ObjectNode keys;

  Discovery(
      String issuer,
      List<? extends JWK> publicKeys,
      Collection<String> detailTypes,
      Collection<String> scopes) {
    metadata = metadata(issuer, detailTypes, scopes);
    keys = StrictJson.object();
    ArrayNode list = keys.putArray("keys");
    publicKeys.forEach(key -> list.add(published(key)));
  }

  private static ObjectNode published(JWK key) {
    ObjectNode json = StrictJson.parseObject(key.toPublicJWK().toJSONString());
    return json.put("use", "sig");
  }

  private static ObjectNode metadata(
      String issuer, Collection<String> detailTypes, Collection<String> scopes) {
    ObjectNode json =
        StrictJson.object()
            .put("issuer", issuer)
            .put("token_endpoint", issuer + "/oauth2/token")
            .put("jwks_uri", issuer + "/oauth2/jwks")
            .put("userinfo_endpoint", issuer + "/oauth2/userinfo");
    texts(json, "scopes_supported", new TreeSet<>(scopes));
    json.putArray("response_types_supported");
    texts(
        json,
        "grant_types_supported",
        List.of(TokenTypes.TOKEN_EXCHANGE_GRANT, TokenTypes.JWT_BEARER_GRANT));
    texts(json, "token_endpoint_auth_methods_supported", List.of("private_key_jwt"));
    texts(json, "token_endpoint_auth_signing_alg_values_supported", ASSERTION_ALGORITHMS);
    texts(json, "authorization_details_types_supported", new TreeSet<>(detailTypes));
    texts(json, "subject_types_supported", List.of("public"));
    texts(json, "id_token_signing_alg_values_supported", List.of("ES256"));
    return json;
  }

  private static void texts(ObjectNode json, String name, Collection<String> values) {
    if (!values.isEmpty()) {
      ArrayNode array = json.putArray(name);
      values.forEach(array::add);
    }
  }

  void metadata(ServerRequest request, ServerResponse response) {
    Http.json(response, 200, metadata);
  }

  void keys(ServerRequest request, ServerResponse response) {
    Http.json(response, 200, keys);
  }
}
