package dev.countersign.idp.okta;

import dev.countersign.idp.Answer;
import dev.countersign.idp.Directory;
import dev.countersign.idp.LoginEvents;
import dev.countersign.idp.OktaIdpConfig;
import dev.countersign.idp.Person;
import dev.countersign.idp.SignIns;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import java.util.Optional;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/// The part of Okta's management API that ends a person's sessions.
///
/// Threads may share it.
///
/// @see <a
///   href="https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserSessions/">
///   user sessions</a>
public final class UsersApi {
  private static final String SCHEME = "SSWS ";

  private final OktaIdpConfig config;
  private final Directory directory;
  private final SignIns signIns;
  private final LoginEvents events;

  public UsersApi(OktaIdpConfig config, SignIns signIns, LoginEvents events) {
    this.config = config;
    this.directory = new Directory(config.people());
    this.signIns = signIns;
    this.events = events;
  }

  /// `DELETE /api/v1/users/{key}/sessions`. OAuth tokens stay alive unless the caller says
  /// otherwise: the default that makes a kill look complete when it is not.
  ///
  /// @param authorization the header, or empty
  /// @param key user id or login
  /// @param oauthTokens the parameter, or empty
  public Answer endSessions(String authorization, String key, String oauthTokens) {
    if (!authorization.startsWith(SCHEME)
        || !config.apiToken().equals(new Secret(authorization.substring(SCHEME.length())))) {
      return error(401, "E0000011", "Invalid token provided");
    }
    if (!oauthTokens.isEmpty() && !oauthTokens.equals("true") && !oauthTokens.equals("false")) {
      return error(400, "E0000001", "Api validation failed: oauthTokens");
    }
    Optional<Person> person = directory.byKey(key);
    if (person.isEmpty()) {
      return error(404, "E0000007", "Not found: Resource not found (User)");
    }
    signIns.endSessions(person.get());
    events.note(LoginEvents.Kind.SESSIONS_REVOKED, person.get().username(), "");
    if (oauthTokens.equals("true")) {
      signIns.endGrants(person.get());
      events.note(LoginEvents.Kind.TOKENS_REVOKED, person.get().username(), "");
    }
    return Answer.of(204, MissingNode.getInstance());
  }

  private static Answer error(int status, String code, String summary) {
    ObjectNode json = StrictJson.object();
    json.put("errorCode", code);
    json.put("errorSummary", summary);
    json.put("errorLink", code);
    json.put("errorId", "oae" + Ids.base62(22));
    json.putArray("errorCauses");
    return Answer.of(status, json);
  }
}
