package dev.countersign.idp.okta;

import dev.countersign.idp.Answer;
import dev.countersign.idp.Grant;
import dev.countersign.idp.Person;
import dev.countersign.idp.PublicClient;
import dev.countersign.idp.SignIns;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerifiedJwt;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/// Userinfo, introspection and revocation of one of Okta's authorization servers: the places that
/// know at once when a token has been withdrawn.
///
/// Threads may share it.
public final class OktaTokenChecks {
  private final OktaServer server;
  private final OktaTokens tokens;
  private final SignIns signIns;

  OktaTokenChecks(OktaServer server, OktaTokens tokens, SignIns signIns) {
    this.server = server;
    this.tokens = tokens;
    this.signIns = signIns;
  }

  /// `GET …/v1/userinfo`.
  ///
  /// @param bearer the presented token, or empty
  public Answer userinfo(String bearer) {
    Optional<Live> live = live(bearer);
    if (live.isEmpty()) {
      return challenge(401, "invalid_token", "The access token is invalid.");
    }
    Grant grant = live.get().grant();
    if (!grant.scopes().contains("openid")) {
      return challenge(
          403, "insufficient_scope", "The access token must provide the openid scope.");
    }
    Person person = grant.person();
    ObjectNode json = StrictJson.object();
    json.put("sub", person.id());
    if (grant.scopes().contains("profile")) {
      json.put("name", person.displayName());
      json.put("preferred_username", person.username());
      json.put("given_name", person.givenName());
      json.put("family_name", person.familyName());
    }
    if (grant.scopes().contains("email") && person.mail() != null) {
      json.put("email", person.mail());
      json.put("email_verified", true);
    }
    return Answer.of(200, json);
  }

  /// `POST …/v1/introspect`.
  ///
  /// @spec https://www.rfc-editor.org/rfc/rfc7662#section-2.2 RFC 7662 §2.2
  public Answer introspect(Map<String, String> form) {
    Optional<PublicClient> client = server.client(form.getOrDefault("client_id", ""));
    if (client.isEmpty()) {
      return OktaServer.error(OktaError.UNKNOWN_CLIENT);
    }
    String token = form.get("token");
    if (token == null) {
      return OktaServer.error(OktaError.PARAMETER_MISSING);
    }
    ObjectNode json = StrictJson.object();
    Optional<Live> live = live(token).filter(l -> l.grant().clientId().equals(client.get().id()));
    if (live.isPresent()) {
      describe(live.get(), json);
      return Answer.of(200, json);
    }
    Optional<Grant> refresh =
        signIns
            .liveRefreshToken(token)
            .filter(grant -> grant.server().equals(server.id()))
            .filter(grant -> grant.clientId().equals(client.get().id()));
    json.put("active", refresh.isPresent());
    refresh.ifPresent(grant -> {
      json.put("token_type", "refresh_token");
      describe(grant, json);
    });
    return Answer.of(200, json);
  }

  private void describe(Live live, ObjectNode json) {
    json.put("active", true);
    json.put("token_type", "Bearer");
    describe(live.grant(), json);
    json.put("iss", server.issuer());
    json.put("aud", server.audience());
    json.put("jti", live.jwt().id().orElseThrow());
    json.set("iat", live.jwt().claims().get("iat"));
    json.set("exp", live.jwt().claims().get("exp"));
    json.put("sub", live.grant().person().username());
  }

  private static void describe(Grant grant, ObjectNode json) {
    json.put("scope", String.join(" ", grant.scopes()));
    json.put("client_id", grant.clientId());
    json.put("username", grant.person().username());
    json.put("uid", grant.person().id());
  }

  /// `POST …/v1/revoke`: the same answer whether or not the token was known.
  ///
  /// @spec https://www.rfc-editor.org/rfc/rfc7009#section-2.2 RFC 7009 §2.2
  public Answer revoke(Map<String, String> form) {
    Optional<PublicClient> client = server.client(form.getOrDefault("client_id", ""));
    if (client.isEmpty()) {
      return OktaServer.error(OktaError.UNKNOWN_CLIENT);
    }
    String token = form.get("token");
    if (token == null) {
      return OktaServer.error(OktaError.PARAMETER_MISSING);
    }
    live(token)
        .filter(live -> live.grant().clientId().equals(client.get().id()))
        .ifPresent(live -> signIns.withdrawAccessToken(live.jwt().id().orElseThrow()));
    signIns.withdrawRefreshToken(token, client.get().id());
    return Answer.of(200, MissingNode.getInstance());
  }

  private Optional<Live> live(String token) {
    return tokens.checkAccessToken(token) instanceof JwtCheck.Verified(VerifiedJwt jwt)
        ? jwt.id().flatMap(signIns::liveAccessToken).map(grant -> new Live(jwt, grant))
        : Optional.empty();
  }

  private Answer challenge(int status, String error, String description) {
    String header =
        "Bearer authorization_uri=\""
            + server.endpoints()
            + "/authorize\", realm=\""
            + server.org()
            + "\", scope=\"openid\", error=\""
            + error
            + "\", error_description=\""
            + description
            + "\"";
    return new Answer(status, Map.of("WWW-Authenticate", header), MissingNode.getInstance());
  }

  private record Live(VerifiedJwt jwt, Grant grant) {}
}
