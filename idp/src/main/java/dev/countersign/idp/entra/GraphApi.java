package dev.countersign.idp.entra;

import dev.countersign.idp.Answer;
import dev.countersign.idp.Directory;
import dev.countersign.idp.EntraIdpConfig;
import dev.countersign.idp.LoginEvents;
import dev.countersign.idp.Person;
import dev.countersign.idp.SignIns;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerifiedJwt;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The part of Microsoft Graph that ends sign-in sessions, and its userinfo endpoint.
///
/// Threads may share it.
///
/// @see <a
///   href="https://learn.microsoft.com/graph/api/user-revokesigninsessions">revokeSignInSessions
///   </a>
public final class GraphApi {
  private static final String REVOKE_ROLE = "User.RevokeSessions.All";
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss").withZone(ZoneOffset.UTC);

  private final Directory directory;
  private final EntraAddresses addresses;
  private final EntraTokens tokens;
  private final SignIns signIns;
  private final LoginEvents events;
  private final InstantSource clock;

  GraphApi(
      EntraIdpConfig config,
      EntraAddresses addresses,
      EntraTokens tokens,
      SignIns signIns,
      LoginEvents events,
      InstantSource clock) {
    this.directory = new Directory(config.people());
    this.addresses = addresses;
    this.tokens = tokens;
    this.signIns = signIns;
    this.events = events;
    this.clock = clock;
  }

  /// `POST /v1.0/users/{key}/revokeSignInSessions`: browser sessions and refresh tokens end; access
  /// tokens that are out live on to their `exp`. A guest signs in at another tenant, so for a guest
  /// the answer is the same and nothing ends.
  ///
  /// @param bearer the presented token, or empty
  /// @param key object id or user principal name
  public Answer revokeSignInSessions(String bearer, String key) {
    return switch (check(bearer)) {
      case Access.Refused(Answer answer) -> answer;
      case Access.Allowed(VerifiedJwt jwt) -> {
        if (!holds(jwt, REVOKE_ROLE)) {
          yield error(
              403,
              "Authorization_RequestDenied",
              "Insufficient privileges to complete the operation.");
        }
        Optional<Person> person = directory.byKey(key);
        yield person.isPresent() ? revoked(person.get(), jwt) : notFound();
      }
    };
  }

  private Answer revoked(Person person, VerifiedJwt jwt) {
    if (!person.isGuest()) {
      signIns.endSessions(person);
      signIns.endGrants(person);
      events.note(
          LoginEvents.Kind.SESSIONS_REVOKED, person.username(), jwt.text("appid").orElse(""));
    }
    ObjectNode json = StrictJson.object();
    json.put("@odata.context", addresses.graph() + "/v1.0/$metadata#Edm.Boolean");
    json.put("value", true);
    return Answer.of(200, json);
  }

  /// `GET /oidc/userinfo` with a person's Graph token.
  public Answer userinfo(String bearer) {
    return switch (check(bearer)) {
      case Access.Refused(Answer answer) -> answer;
      case Access.Allowed(VerifiedJwt jwt) -> {
        Optional<Person> person = directory.byKey(jwt.text("oid").orElse(""));
        yield person.isPresent() ? Answer.of(200, userinfo(person.get(), jwt)) : notFound();
      }
    };
  }

  private static ObjectNode userinfo(Person person, VerifiedJwt jwt) {
    ObjectNode json = StrictJson.object();
    json.put("sub", jwt.text("sub").orElseThrow());
    json.put("name", person.displayName());
    json.put("given_name", person.givenName());
    if (!person.familyName().isEmpty()) {
      json.put("family_name", person.familyName());
    }
    if (person.mail() != null) {
      json.put("email", person.mail());
    }
    return json;
  }

  private Access check(String bearer) {
    if (bearer.isEmpty()) {
      return unauthenticated("Access token is empty.");
    }
    return switch (tokens.checkGraphToken(bearer)) {
      case JwtCheck.Verified(VerifiedJwt jwt) -> new Access.Allowed(jwt);
      case JwtCheck.Rejected(String reason) ->
          unauthenticated("Access token validation failure: " + reason + ".");
      case JwtCheck.Unavailable(String reason) -> unauthenticated(reason);
    };
  }

  private Access unauthenticated(String message) {
    Answer answer = error(401, "InvalidAuthenticationToken", message);
    return new Access.Refused(
        new Answer(
            401,
            Map.of(
                "WWW-Authenticate",
                "Bearer realm=\"\", authorization_uri=\""
                    + addresses.tenant()
                    + "/oauth2/v2.0/authorize\", error=\"invalid_token\""),
            answer.body()));
  }

  private static boolean holds(VerifiedJwt jwt, String role) {
    for (JsonNode granted : jwt.claims().path("roles")) {
      if (role.equals(granted.asString(""))) {
        return true;
      }
    }
    return false;
  }

  private Answer notFound() {
    return error(
        404,
        "Request_ResourceNotFound",
        "Resource does not exist or one of its queried reference-property objects are not"
            + " present.");
  }

  private Answer error(int status, String code, String message) {
    String request = UUID.randomUUID().toString();
    ObjectNode json = StrictJson.object();
    ObjectNode error = json.putObject("error");
    error.put("code", code);
    error.put("message", message);
    error
        .putObject("innerError")
        .put("date", DATE.format(clock.instant()))
        .put("request-id", request)
        .put("client-request-id", request);
    return Answer.of(status, json);
  }

  private sealed interface Access {
    record Allowed(VerifiedJwt jwt) implements Access {}

    record Refused(Answer answer) implements Access {}
  }
}
