package dev.countersign.idp.okta;

import dev.countersign.idp.Answer;
import dev.countersign.idp.AuthorizationParameters;
import dev.countersign.idp.Grant;
import dev.countersign.idp.LoginEvents;
import dev.countersign.idp.OktaIdpConfig;
import dev.countersign.idp.PublicClient;
import dev.countersign.idp.Redemption;
import dev.countersign.idp.SignIns;
import dev.countersign.protocol.StrictJson;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// The token endpoint of one of Okta's authorization servers, for public clients.
///
/// Threads may share it.
public final class OktaTokenEndpoint {
  private final OktaServer server;
  private final OktaIdpConfig config;
  private final OktaTokens tokens;
  private final SignIns signIns;
  private final LoginEvents events;

  OktaTokenEndpoint(
      OktaServer server,
      OktaIdpConfig config,
      OktaTokens tokens,
      SignIns signIns,
      LoginEvents events) {
    this.server = server;
    this.config = config;
    this.tokens = tokens;
    this.signIns = signIns;
    this.events = events;
  }

  /// Answers one request.
  public Answer answer(Map<String, String> form) {
    if (!form.containsKey("client_id")) {
      return OktaServer.error(OktaError.CLIENT_MISSING);
    }
    Optional<PublicClient> client = server.client(form.get("client_id"));
    if (client.isEmpty()) {
      return OktaServer.error(OktaError.UNKNOWN_CLIENT);
    }
    if (form.containsKey("client_secret") || form.containsKey("client_assertion")) {
      return OktaServer.error(OktaError.CLIENT_IS_PUBLIC);
    }
    return switch (form.getOrDefault("grant_type", "")) {
      case "authorization_code" -> redeemCode(form, client.get());
      case "refresh_token" -> refresh(form, client.get());
      case "" -> OktaServer.error(OktaError.PARAMETER_MISSING);
      default -> OktaServer.error(OktaError.UNSUPPORTED_GRANT_TYPE);
    };
  }

  private Answer redeemCode(Map<String, String> form, PublicClient client) {
    if (!form.containsKey("code_verifier")) {
      return OktaServer.error(OktaError.VERIFIER_MISSING);
    }
    Redemption redemption =
        signIns.redeemCode(
            form.getOrDefault("code", ""),
            server.id(),
            client.id(),
            form.getOrDefault("redirect_uri", ""),
            form.getOrDefault("code_verifier", ""));
    return switch (redemption) {
      case Redemption.Granted(Grant grant) -> {
        events.note(LoginEvents.Kind.TOKENS_ISSUED, grant.person().username(), grant.clientId());
        yield issued(grant, grant.scopes());
      }
      case Redemption.WrongRedirectUri _ -> OktaServer.error(OktaError.WRONG_CODE_REDIRECT_URI);
      case Redemption.WrongVerifier _ -> OktaServer.error(OktaError.PKCE_FAILED);
      case Redemption.Unknown _, Redemption.Expired _, Redemption.Reused _, Redemption.Revoked _ ->
          OktaServer.error(OktaError.INVALID_CODE);
    };
  }

  private Answer refresh(Map<String, String> form, PublicClient client) {
    String token = form.getOrDefault("refresh_token", "");
    List<String> asked = AuthorizationParameters.scopes(form.getOrDefault("scope", ""));
    // Looked at before the token is used up, so that a mistyped scope does not cost the sign-in.
    Optional<Grant> live = signIns.liveRefreshToken(token);
    if (live.isPresent() && !live.get().scopes().containsAll(asked)) {
      return OktaServer.error(OktaError.WIDER_SCOPE);
    }
    return switch (signIns.refresh(token, server.id(), client.id())) {
      case Redemption.Granted(Grant grant) -> {
        events.note(LoginEvents.Kind.TOKENS_REFRESHED, grant.person().username(), grant.clientId());
        yield issued(grant, asked.isEmpty() ? grant.scopes() : asked);
      }
      case Redemption.Unknown _,
          Redemption.Expired _,
          Redemption.Reused _,
          Redemption.Revoked _,
          Redemption.WrongRedirectUri _,
          Redemption.WrongVerifier _ -> {
        events.note(LoginEvents.Kind.REFRESH_REFUSED, "", client.id());
        yield OktaServer.error(OktaError.INVALID_REFRESH_TOKEN);
      }
    };
  }

  private Answer issued(Grant grant, List<String> scopes) {
    String accessToken = tokens.accessToken(grant, scopes);
    ObjectNode json = StrictJson.object();
    json.put("token_type", "Bearer");
    json.put("expires_in", config.accessTokenLifetime().toSeconds());
    json.put("access_token", accessToken);
    json.put("scope", String.join(" ", scopes));
    if (grant.scopes().contains("offline_access")) {
      json.put("refresh_token", signIns.issueRefreshToken(grant));
    }
    if (scopes.contains("openid")) {
      json.put("id_token", tokens.idToken(grant, scopes, accessToken));
    }
    return Answer.of(200, json);
  }
}
