package dev.countersign.idp.entra;

import com.nimbusds.jose.jwk.RSAKey;
import dev.countersign.idp.EntraApi;
import dev.countersign.idp.EntraDaemon;
import dev.countersign.idp.EntraIdpConfig;
import dev.countersign.idp.Grant;
import dev.countersign.idp.Person;
import dev.countersign.idp.SigningKey;
import dev.countersign.idp.SigningKeys;
import dev.countersign.idp.Strengths;
import dev.countersign.idp.entra.EntraScopes.Resolution.Resolved;
import dev.countersign.idp.entra.EntraScopes.Resource;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Makes Entra's tokens: version 2 and version 1 access tokens, those for Graph, and ID tokens.
///
/// The resource decides the version, not the endpoint. Graph's tokens carry a `nonce` header and
/// are signed over that header with the nonce hashed, so that a third party finds no valid
/// signature.
///
/// @see <a
///   href="https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference">
///   access token claims</a>
final class EntraTokens {
  private static final Base64.Encoder BASE64URL = Base64.getUrlEncoder().withoutPadding();

  private final EntraIdpConfig config;
  private final SigningKeys keys;
  private final EntraAddresses addresses;
  private final InstantSource clock;

  EntraTokens(
      EntraIdpConfig config, SigningKeys keys, EntraAddresses addresses, InstantSource clock) {
    this.config = config;
    this.keys = keys;
    this.addresses = addresses;
    this.clock = clock;
  }

  /// The access token of a person.
  String accessToken(Grant grant, Resolved resolved) {
    return switch (resolved.resource()) {
      case Resource.Graph _ -> graph(delegated(EntraScopes.GRAPH_ID, grant, resolved));
      case Resource.Api(EntraApi api) ->
          api.requestedAccessTokenVersion() == 1
              ? sign(version1(api, grant, resolved), true)
              : sign(version2(api, grant, resolved), false);
    };
  }

  /// The Graph token of an application that acts as itself.
  String applicationToken(EntraDaemon daemon) {
    ObjectNode claims = frame(EntraScopes.GRAPH_URI, addresses.version1Issuer());
    claims.put("app_displayname", "daemon");
    claims.put("appid", daemon.clientId());
    claims.put("appidacr", "1");
    claims.put("idp", addresses.version1Issuer());
    claims.put("idtyp", "app");
    claims.put("oid", daemon.objectId());
    claims.put("rh", opaque(30));
    ArrayNode roles = claims.putArray("roles");
    new TreeSet<>(daemon.graphRoles()).forEach(roles::add);
    claims.put("sub", daemon.objectId());
    claims.put("tid", config.tenantId());
    claims.put("uti", opaque(16));
    claims.put("ver", "1.0");
    return graph(claims);
  }

  /// The ID token of a grant, always version 2 here.
  String idToken(Grant grant, Set<String> openid) {
    ObjectNode claims = frame(grant.clientId(), addresses.version2Issuer());
    Person person = grant.person();
    contexts(grant, claims);
    if (sendsAuthTime(grant.clientId())) {
      claims.put("auth_time", grant.authenticatedAt().getEpochSecond());
    }
    if (openid.contains("email") && person.mail() != null) {
      claims.put("email", person.mail());
    }
    if (openid.contains("profile")) {
      claims.put("name", person.displayName());
    }
    if (grant.nonce() != null) {
      claims.put("nonce", grant.nonce());
    }
    claims.put("oid", person.id());
    if (openid.contains("profile")) {
      claims.put("preferred_username", person.username());
    }
    claims.put("rh", opaque(30));
    claims.put("sid", grant.sessionId());
    claims.put("sub", pairwise(person, grant.clientId()));
    claims.put("tid", config.tenantId());
    claims.put("uti", opaque(16));
    claims.put("ver", "2.0");
    return sign(claims, false);
  }

  private boolean sendsAuthTime(String client) {
    return config.clients().stream()
        .anyMatch(
            known -> known.id().equals(client) && known.optionalClaims().contains("auth_time"));
  }

  /// The authentication contexts that were asked for and reached; no claim where there are none.
  private static void contexts(Grant grant, ObjectNode claims) {
    List<String> contexts = grant.strengths().stream().filter(Strengths::isContext).toList();
    if (!contexts.isEmpty()) {
      contexts.forEach(claims.putArray("acrs")::add);
    }
  }

  /// Checks a token that was presented to Graph.
  JwtCheck checkGraphToken(String token) {
    var rules =
        new JwtRules(
            addresses.version1Issuer(),
            Set.of(EntraScopes.GRAPH_ID, EntraScopes.GRAPH_URI),
            Set.of("JWT"),
            Set.of("RS256"),
            Duration.ZERO,
            Duration.ZERO);
    return new JwtVerifier(rules, keys.source(), clock).verify(asSigned(token));
  }

  /// The key set.
  ObjectNode keySet() {
    ObjectNode set = StrictJson.object();
    ArrayNode list = set.putArray("keys");
    for (SigningKey key : keys.published()) {
      RSAKey jwk = key.publicKey();
      ObjectNode entry = list.addObject();
      entry.put("kty", "RSA");
      entry.put("use", "sig");
      entry.put("kid", key.id());
      entry.put("x5t", key.id());
      entry.put("n", jwk.getModulus().toString());
      entry.put("e", jwk.getPublicExponent().toString());
      entry.putArray("x5c").add(key.certificate());
      entry.put("cloud_instance_name", "localhost");
      entry.put("issuer", addresses.version2Issuer());
    }
    return set;
  }

  private ObjectNode version2(EntraApi api, Grant grant, Resolved resolved) {
    Person person = grant.person();
    ObjectNode claims = frame(api.clientId(), addresses.version2Issuer());
    claims.put("aio", opaque(48));
    if (api.optionalClaims().contains("auth_time")) {
      claims.put("auth_time", grant.authenticatedAt().getEpochSecond());
    }
    claims.put("azp", grant.clientId());
    claims.put("azpacr", "0");
    email(api, person, claims);
    claims.put("name", person.displayName());
    claims.put("oid", person.id());
    claims.put("preferred_username", person.username());
    claims.put("rh", opaque(30));
    claims.put("scp", String.join(" ", resolved.scopes()));
    claims.put("sid", grant.sessionId());
    claims.put("sub", pairwise(person, api.clientId()));
    claims.put("tid", config.tenantId());
    claims.put("uti", opaque(16));
    claims.put("ver", "2.0");
    return claims;
  }

  private ObjectNode version1(EntraApi api, Grant grant, Resolved resolved) {
    ObjectNode claims = delegated(api.applicationIdUri(), grant, resolved);
    if (api.optionalClaims().contains("auth_time")) {
      claims.put("auth_time", grant.authenticatedAt().getEpochSecond());
    }
    email(api, grant.person(), claims);
    claims.put("sub", pairwise(grant.person(), api.clientId()));
    return claims;
  }

  private ObjectNode delegated(String audience, Grant grant, Resolved resolved) {
    Person person = grant.person();
    ObjectNode claims = frame(audience, addresses.version1Issuer());
    claims.put("acr", "1");
    claims.put("aio", opaque(48));
    claims.putArray("amr").add("pwd");
    claims.put("appid", grant.clientId());
    claims.put("appidacr", "0");
    if (!person.familyName().isEmpty()) {
      claims.put("family_name", person.familyName());
    }
    claims.put("given_name", person.givenName());
    claims.put("ipaddr", "127.0.0.1");
    claims.put("name", person.displayName());
    claims.put("oid", person.id());
    claims.put("rh", opaque(30));
    claims.put("scp", String.join(" ", resolved.scopes()));
    claims.put("sid", grant.sessionId());
    claims.put("sub", pairwise(person, audience));
    claims.put("tid", config.tenantId());
    claims.put("unique_name", person.username());
    claims.put("upn", person.username());
    claims.put("uti", opaque(16));
    claims.put("ver", "1.0");
    return claims;
  }

  private static void email(EntraApi api, Person person, ObjectNode claims) {
    if (api.optionalClaims().contains("email") && person.mail() != null) {
      claims.put("email", person.mail());
    }
  }

  private ObjectNode frame(String audience, String issuer) {
    Instant issued = clock.instant();
    ObjectNode claims = StrictJson.object();
    claims.put("aud", audience);
    claims.put("iss", issuer);
    claims.put("iat", issued.minus(config.backdating()).getEpochSecond());
    claims.put("nbf", issued.minus(config.backdating()).getEpochSecond());
    claims.put("exp", issued.plus(config.accessTokenLifetime()).getEpochSecond());
    return claims;
  }

  private String sign(ObjectNode claims, boolean isVersion1) {
    SigningKey key = keys.current();
    return key.sign(header(key, isVersion1), claims);
  }

  // x5t stands in version 1 tokens only; version 2 names the key by kid alone.
  private static ObjectNode header(SigningKey key, boolean isVersion1) {
    ObjectNode header = StrictJson.object();
    header.put("typ", "JWT");
    header.put("alg", "RS256");
    if (isVersion1) {
      header.put("x5t", key.id());
    }
    header.put("kid", key.id());
    return header;
  }

  private String graph(ObjectNode claims) {
    SigningKey key = keys.current();
    String nonce = opaque(32);
    return key.signHidden(
        withNonce(header(key, true), Digest.sha256(nonce)),
        withNonce(header(key, true), nonce),
        claims);
  }

  private static ObjectNode withNonce(ObjectNode header, String nonce) {
    ObjectNode result = StrictJson.object();
    result.set("typ", header.get("typ"));
    result.put("nonce", nonce);
    header.properties().forEach(member -> result.set(member.getKey(), member.getValue()));
    return result;
  }

  /// The token with the header that was really signed; any text that is no such token as it is.
  private static String asSigned(String token) {
    String[] parts = token.split("\\.", -1);
    try {
      ObjectNode header = StrictJson.parseObject(Base64.getUrlDecoder().decode(parts[0]));
      if (header.has("nonce")) {
        header.put("nonce", Digest.sha256(header.path("nonce").asString("")));
      }
      byte[] signed = StrictJson.write(header).getBytes(StandardCharsets.UTF_8);
      return BASE64URL.encodeToString(signed) + token.substring(parts[0].length());
    } catch (IllegalArgumentException | MalformedJsonException malformed) {
      return token;
    }
  }

  /// `sub` differs from application to application, so that none can join its users with another's.
  private String pairwise(Person person, String audience) {
    return Digest.sha256(config.tenantId() + "|" + person.id() + "|" + audience);
  }

  private static String opaque(int bytes) {
    return BASE64URL.encodeToString(Ids.bytes(bytes));
  }
}
