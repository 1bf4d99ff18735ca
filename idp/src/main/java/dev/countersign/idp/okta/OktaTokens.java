package dev.countersign.idp.okta;

import com.nimbusds.jose.jwk.RSAKey;
import dev.countersign.idp.Grant;
import dev.countersign.idp.OktaCustomServer;
import dev.countersign.idp.OktaIdpConfig;
import dev.countersign.idp.Person;
import dev.countersign.idp.SignIns;
import dev.countersign.idp.SigningKey;
import dev.countersign.idp.Strengths;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerifiedJwt;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Makes and checks the tokens of one of Okta's authorization servers.
///
/// The access tokens of a custom server have no `typ`; those of the org's server have Okta's
/// internal one, none of the custom claims, and a signature that no published key confirms.
///
/// @see <a href="https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/">OAuth 2.0
///   and OpenID Connect overview</a>
final class OktaTokens {
  private static final String INTERNAL_TYPE = "application/okta-internal-at+jwt";
  private static final Duration ID_TOKEN_LIFETIME = Duration.ofHours(1);

  private final OktaServer server;
  private final OktaIdpConfig config;
  private final OktaServer.Keys keys;
  private final SignIns signIns;
  private final InstantSource clock;

  OktaTokens(
      OktaServer server,
      OktaIdpConfig config,
      OktaServer.Keys keys,
      SignIns signIns,
      InstantSource clock) {
    this.server = server;
    this.config = config;
    this.keys = keys;
    this.signIns = signIns;
    this.clock = clock;
  }

  String accessToken(Grant grant, List<String> scopes) {
    Instant now = clock.instant();
    Instant expiresAt = now.plus(config.accessTokenLifetime());
    Person person = grant.person();
    String id = "AT." + Ids.random() + Ids.base62(16);
    ObjectNode claims = StrictJson.object();
    claims.put("ver", 1);
    claims.put("jti", id);
    claims.put("iss", server.issuer());
    claims.put("aud", server.audience());
    if (server.kind() instanceof OktaServer.Kind.Org) {
      claims.put("sub", person.username());
    }
    claims.put("iat", now.getEpochSecond());
    claims.put("exp", expiresAt.getEpochSecond());
    claims.put("cid", grant.clientId());
    claims.put("uid", person.id());
    scopes.forEach(claims.putArray("scp")::add);
    claims.put("auth_time", grant.authenticatedAt().getEpochSecond());
    if (server.kind() instanceof OktaServer.Kind.Custom(OktaCustomServer custom)) {
      claims.put("sub", person.username());
      customClaims(custom, person, claims);
    }
    signIns.remember(id, grant, expiresAt);
    SigningKey key = keys.forAccessTokens().current();
    return key.sign(header(key, server.kind() instanceof OktaServer.Kind.Org), claims);
  }

  private static void customClaims(OktaCustomServer custom, Person person, ObjectNode claims) {
    Long limit = person.refundLimitCents();
    if (custom.claims().contains("refund_limit") && limit != null) {
      claims.put("refund_limit", limit.longValue());
    }
    if (custom.claims().contains("email") && person.mail() != null) {
      claims.put("email", person.mail());
    }
  }

  String idToken(Grant grant, List<String> scopes, String accessToken) {
    Instant now = clock.instant();
    Person person = grant.person();
    ObjectNode claims = StrictJson.object();
    claims.put("sub", person.id());
    if (scopes.contains("profile")) {
      claims.put("name", person.displayName());
    }
    if (scopes.contains("email") && person.mail() != null) {
      claims.put("email", person.mail());
    }
    claims.put("ver", 1);
    claims.put("iss", server.issuer());
    claims.put("aud", grant.clientId());
    claims.put("iat", now.getEpochSecond());
    claims.put("exp", now.plus(ID_TOKEN_LIFETIME).getEpochSecond());
    claims.put("jti", "ID." + Ids.random() + Ids.base62(16));
    ArrayNode methods = claims.putArray("amr").add("pwd");
    Optional<String> acr =
        grant.strengths().stream().filter(one -> !Strengths.isContext(one)).findFirst();
    if (acr.isPresent()) {
      claims.put("acr", acr.get());
      if (!acr.get().equals(Strengths.ONE_FACTOR)) {
        methods.add("mfa");
      }
    }
    claims.put("idp", "00o" + Digest.sha256(server.org()).replaceAll("[_-]", "0").substring(0, 17));
    if (grant.nonce() != null) {
      claims.put("nonce", grant.nonce());
    }
    if (scopes.contains("profile")) {
      claims.put("preferred_username", person.username());
    }
    claims.put("auth_time", grant.authenticatedAt().getEpochSecond());
    claims.put("at_hash", halfHash(accessToken));
    SigningKey key = keys.published().current();
    return key.sign(header(key, false), claims);
  }

  /// Checks one of this server's access tokens, whether withdrawn or not.
  JwtCheck checkAccessToken(String token) {
    boolean isOrg = server.kind() instanceof OktaServer.Kind.Org;
    var rules =
        new JwtRules(
            server.issuer(),
            Set.of(server.audience()),
            Set.of(isOrg ? "okta-internal-at+jwt" : ""),
            Set.of("RS256"),
            Duration.ZERO,
            Duration.ZERO);
    return new JwtVerifier(rules, keys.forAccessTokens().source(), clock).verify(token);
  }

  /// The client of an ID token that this server issued within the life of a session.
  Optional<String> clientOfIdToken(String token) {
    var clients = Set.copyOf(config.clients().stream().map(client -> client.id()).toList());
    if (clients.isEmpty()) {
      return Optional.empty();
    }
    var rules =
        new JwtRules(
            server.issuer(), clients, Set.of(""), Set.of("RS256"), Duration.ZERO, Duration.ZERO);
    // A hint may have expired; it only shows that the request comes from one of our clients.
    InstantSource whenIssued = () -> clock.instant().minus(Duration.ofHours(12));
    for (InstantSource time : List.of(clock, whenIssued)) {
      if (new JwtVerifier(rules, keys.published().source(), time).verify(token)
          instanceof JwtCheck.Verified(VerifiedJwt jwt)) {
        return Optional.of(jwt.audience().getFirst());
      }
    }
    return Optional.empty();
  }

  ObjectNode keySet() {
    ObjectNode set = StrictJson.object();
    ArrayNode list = set.putArray("keys");
    for (SigningKey key : keys.published().published()) {
      RSAKey jwk = key.publicKey();
      ObjectNode entry = list.addObject();
      entry.put("kty", "RSA");
      entry.put("alg", "RS256");
      entry.put("kid", key.id());
      entry.put("use", "sig");
      entry.put("e", jwk.getPublicExponent().toString());
      entry.put("n", jwk.getModulus().toString());
    }
    return set;
  }

  private static ObjectNode header(SigningKey key, boolean isInternal) {
    ObjectNode header = StrictJson.object();
    header.put("kid", key.id());
    if (isInternal) {
      header.put("typ", INTERNAL_TYPE);
    }
    header.put("alg", "RS256");
    return header;
  }

  private static String halfHash(String token) {
    byte[] hash = Digest.raw(token.getBytes(StandardCharsets.US_ASCII));
    return Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(hash, 16));
  }
}
