package dev.countersign.sts.http;

import com.nimbusds.jose.jwk.JWK;
import dev.countersign.box.Http;
import dev.countersign.protocol.DpopProofs;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.sts.keys.SigningKeys;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Supplier;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// What others may know of us: the metadata documents and our public keys.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8414#section-2 RFC 8414 §2
/// @spec https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata OpenID
///   Discovery §3
final class Discovery {
  private static final List<String> ASSERTION_ALGORITHMS =
      List.of("ES256", "EdDSA", "RS256", "PS256");
  private static final List<String> METHODS =
      List.of("private_key_jwt", "client_secret_basic", "client_secret_post", "spiffe_jwt");
  private static final List<String> TLS_METHODS =
      List.of("tls_client_auth", "self_signed_tls_client_auth");

  private static final String DETAIL_TYPES = "authorization_details_types_supported";

  private final ObjectNode metadata;
  private final Supplier<? extends Collection<String>> detailTypes;
  private final SigningKeys keys;

  /// @param detailTypes those that are known now, sorted
  /// @param takesCertificates whether clients may prove a certificate here
  Discovery(
      String issuer,
      SigningKeys keys,
      Supplier<? extends Collection<String>> detailTypes,
      Collection<String> scopes,
      boolean takesCertificates) {
    this.keys = keys;
    this.detailTypes = detailTypes;
    metadata = metadata(issuer, scopes, takesCertificates);
  }

  private static ObjectNode metadata(
      String issuer, Collection<String> scopes, boolean takesCertificates) {
    ObjectNode json =
        StrictJson.object()
            .put("issuer", issuer)
            .put("token_endpoint", issuer + "/oauth2/token")
            .put("jwks_uri", issuer + "/oauth2/jwks")
            .put("userinfo_endpoint", issuer + "/oauth2/userinfo")
            .put("introspection_endpoint", issuer + "/oauth2/introspect")
            .put("revocation_endpoint", issuer + "/oauth2/revoke");
    texts(json, "scopes_supported", new TreeSet<>(scopes));
    json.putArray("response_types_supported");
    texts(
        json,
        "grant_types_supported",
        List.of(
            TokenTypes.TOKEN_EXCHANGE_GRANT,
            TokenTypes.JWT_BEARER_GRANT,
            TokenTypes.CIBA_GRANT,
            TokenTypes.CLIENT_CREDENTIALS_GRANT));
    for (String endpoint : List.of("token", "introspection", "revocation")) {
      var methods = new TreeSet<>(METHODS);
      if (takesCertificates) {
        methods.addAll(TLS_METHODS);
      }
      texts(json, endpoint + "_endpoint_auth_methods_supported", methods);
      texts(json, endpoint + "_endpoint_auth_signing_alg_values_supported", ASSERTION_ALGORITHMS);
    }
    texts(json, "dpop_signing_alg_values_supported", DpopProofs.ALGORITHMS);
    texts(
        json, "introspection_signing_alg_values_supported", new TreeSet<>(JwtRules.OWN_ALGORITHMS));
    texts(json, "backchannel_token_delivery_modes_supported", List.of("poll"));
    json.put("tls_client_certificate_bound_access_tokens", takesCertificates);
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
    ObjectNode now = metadata.deepCopy();
    texts(now, DETAIL_TYPES, detailTypes.get());
    Http.json(response, 200, now);
  }

  void keys(ServerRequest request, ServerResponse response) {
    ObjectNode set = StrictJson.object();
    ArrayNode list = set.putArray("keys");
    for (JWK key : keys.published()) {
      list.add(StrictJson.parseObject(key.toJSONString()).put("use", "sig"));
    }
    Http.json(response, 200, set);
  }
}
