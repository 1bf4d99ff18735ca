package dev.countersign.idp.entra;

import dev.countersign.idp.Answer;
import dev.countersign.idp.AuthorizationParameters;
import dev.countersign.idp.EntraDaemon;
import dev.countersign.idp.EntraIdpConfig;
import dev.countersign.idp.Grant;
import dev.countersign.idp.LoginEvents;
import dev.countersign.idp.PublicClient;
import dev.countersign.idp.Redemption;
import dev.countersign.idp.SignIns;
import dev.countersign.idp.entra.EntraScopes.Resolution;
import dev.countersign.idp.entra.EntraScopes.Resolution.Resolved;
import dev.countersign.idp.entra.EntraScopes.Resource;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// Entra's token endpoint: codes and refresh tokens of public clients, client credentials of
/// daemons.
///
/// Threads may share it.
public final class EntraTokenEndpoint {
  static final String SERVER = "tenant";

  private final EntraIdpConfig config;
  private final EntraScopes scopes;
  private final AadErrors errors;
  private final EntraTokens tokens;
  private final SignIns signIns;
  private final LoginEvents events;

  EntraTokenEndpoint(
      EntraIdpConfig config,
      EntraScopes scopes,
      AadErrors errors,
      EntraTokens tokens,
      SignIns signIns,
      LoginEvents events) {
    this.config = config;
    this.scopes = scopes;
    this.errors = errors;
    this.tokens = tokens;
    this.signIns = signIns;
    this.events = events;
  }

  /// Answers one request.
  ///
  /// @param form with `client_id` and `client_secret` also where they came as Basic credentials
  public Answer answer(Map<String, String> form) {
    for (String required : List.of("grant_type", "client_id")) {
      if (!form.containsKey(required)) {
        return errors.answer(AadError.MISSING_PARAMETER, "'" + required + "'.");
      }
    }
    return switch (form.getOrDefault("grant_type", "")) {
      case "authorization_code" -> forPerson(form, "code");
      case "refresh_token" -> forPerson(form, "refresh_token");
      case "client_credentials" -> forDaemon(form);
      default -> errors.answer(AadError.UNSUPPORTED_GRANT_TYPE);
    };
  }

  private Answer forPerson(Map<String, String> form, String credential) {
    Optional<PublicClient> client =
        config.clients().stream()
            .filter(known -> known.id().equals(form.get("client_id")))
            .findFirst();
    if (client.isEmpty()) {
      return errors.answer(AadError.UNKNOWN_APPLICATION);
    }
    if (form.containsKey("client_secret") || form.containsKey("client_assertion")) {
      return errors.answer(AadError.CLIENT_IS_PUBLIC);
    }
    String text = form.get(credential);
    if (text == null) {
      return errors.answer(AadError.MISSING_PARAMETER, "'" + credential + "'.");
    }
    boolean isCode = credential.equals("code");
    if (isCode && !form.containsKey("code_verifier")) {
      return errors.answer(AadError.MISSING_PARAMETER, "'code_verifier'.");
    }
    List<String> asked = AuthorizationParameters.scopes(form.getOrDefault("scope", ""));
    // Looked at before anything is used up, so that a mistyped scope does not cost the sign-in.
    if (scopes.resolve(asked) instanceof Resolution.Refused(AadError error)) {
      return errors.answer(error);
    }
    Redemption redemption =
        isCode
            ? signIns.redeemCode(
                text,
                SERVER,
                client.get().id(),
                form.getOrDefault("redirect_uri", ""),
                form.getOrDefault("code_verifier", ""))
            : signIns.refresh(text, SERVER, client.get().id());
    return switch (redemption) {
      case Redemption.Granted(Grant grant) -> {
        events.note(
            isCode ? LoginEvents.Kind.TOKENS_ISSUED : LoginEvents.Kind.TOKENS_REFRESHED,
            grant.person().username(),
            grant.clientId());
        yield issued(grant, asked.isEmpty() ? grant.scopes() : asked);
      }
      case Redemption.Unknown _ -> refused(AadError.INVALID_CODE, client.get());
      case Redemption.Expired _ -> refused(AadError.CODE_EXPIRED, client.get());
      case Redemption.Reused _ ->
          refused(isCode ? AadError.CODE_REDEEMED : AadError.INVALID_CODE, client.get());
      case Redemption.WrongRedirectUri _ -> refused(AadError.REPLY_ADDRESS_DIFFERS, client.get());
      case Redemption.WrongVerifier _ -> refused(AadError.PKCE_MISMATCH, client.get());
      case Redemption.Revoked revoked -> {
        note(client.get());
        yield errors.answer(
            AadError.GRANT_REVOKED,
            "The grant was issued on '"
                + revoked.issuedAt()
                + "' and the TokensValidFrom date (before which tokens are not valid) for this"
                + " user is '"
                + revoked.validFrom()
                + "'.");
      }
    };
  }

  private Answer refused(AadError error, PublicClient client) {
    note(client);
    return errors.answer(error);
  }

  private void note(PublicClient client) {
    events.note(LoginEvents.Kind.REFRESH_REFUSED, "", client.id());
  }

  private Answer issued(Grant grant, List<String> asked) {
    return switch (scopes.resolve(asked)) {
      case Resolution.Refused(AadError error) -> errors.answer(error);
      case Resolved resolved -> {
        ObjectNode json = StrictJson.object();
        json.put("token_type", "Bearer");
        json.put("scope", resolved.answered());
        lifetime(json);
        json.put("access_token", tokens.accessToken(grant, resolved));
        // A refresh keeps the rights of the sign-in, whatever narrower scope it names.
        if (grant.scopes().contains("offline_access")) {
          json.put("refresh_token", signIns.issueRefreshToken(grant));
        }
        if (resolved.openid().contains("openid")) {
          json.put("id_token", tokens.idToken(grant, resolved.openid()));
        }
        yield Answer.of(200, json);
      }
    };
  }

  private Answer forDaemon(Map<String, String> form) {
    Optional<EntraDaemon> daemon =
        config.daemons().stream()
            .filter(known -> known.clientId().equals(form.get("client_id")))
            .findFirst();
    if (daemon.isEmpty()) {
      return errors.answer(AadError.UNKNOWN_APPLICATION);
    }
    String secret = form.get("client_secret");
    if (secret == null) {
      return errors.answer(AadError.CLIENT_SECRET_MISSING);
    }
    if (!daemon.get().secret().equals(new Secret(secret))) {
      return errors.answer(AadError.INVALID_CLIENT_SECRET);
    }
    List<String> asked = AuthorizationParameters.scopes(form.getOrDefault("scope", ""));
    if (asked.isEmpty()) {
      return errors.answer(AadError.MISSING_PARAMETER, "'scope'.");
    }
    return switch (scopes.resolve(asked)) {
      case Resolution.Refused(AadError error) -> errors.answer(error);
      case Resolved(Resource.Graph _, List<String> names, _)
          when names.equals(List.of(".default")) ->
          daemonToken(daemon.get());
      case Resolved _ -> errors.answer(AadError.DEFAULT_SCOPE_ONLY);
    };
  }

  private Answer daemonToken(EntraDaemon daemon) {
    ObjectNode json = StrictJson.object();
    json.put("token_type", "Bearer");
    lifetime(json);
    json.put("access_token", tokens.applicationToken(daemon));
    return Answer.of(200, json);
  }

  private void lifetime(ObjectNode json) {
    json.put("expires_in", config.accessTokenLifetime().toSeconds());
    json.put("ext_expires_in", config.accessTokenLifetime().toSeconds());
  }
}
