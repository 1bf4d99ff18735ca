package dev.countersign.idp.okta;

import dev.countersign.idp.Answer;
import dev.countersign.idp.AuthorizationParameters;
import dev.countersign.idp.AuthorizationRequest;
import dev.countersign.idp.AuthorizationServer;
import dev.countersign.idp.AuthorizeCheck;
import dev.countersign.idp.LoginEvents;
import dev.countersign.idp.OktaCustomServer;
import dev.countersign.idp.OktaIdpConfig;
import dev.countersign.idp.Pkce;
import dev.countersign.idp.PublicClient;
import dev.countersign.idp.SignIns;
import dev.countersign.idp.SigningKeys;
import dev.countersign.protocol.StrictJson;
import java.net.URI;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// One of Okta's authorization servers: the custom one, whose tokens are for our own APIs, or the
/// org's one, whose access tokens are for Okta alone. They look alike and are not interchangeable.
///
/// Threads may share it.
public final class OktaServer implements AuthorizationServer {
  private static final Set<String> OPENID = Set.of("openid", "profile", "email", "offline_access");

  private final Kind kind;
  private final OktaIdpConfig config;
  private final Supplier<URI> base;
  private final OktaTokens tokens;
  private final OktaTokenEndpoint tokenEndpoint;
  private final OktaTokenChecks tokenChecks;

  private OktaServer(
      Kind kind,
      OktaIdpConfig config,
      Supplier<URI> base,
      Keys keys,
      SignIns signIns,
      LoginEvents events,
      InstantSource clock) {
    this.kind = kind;
    this.config = config;
    this.base = base;
    tokens = new OktaTokens(this, config, keys, signIns, clock);
    tokenEndpoint = new OktaTokenEndpoint(this, config, tokens, signIns, events);
    tokenChecks = new OktaTokenChecks(this, tokens, signIns);
  }

  /// The custom authorization server.
  public static OktaServer custom(
      OktaIdpConfig config,
      Supplier<URI> base,
      SigningKeys keys,
      SignIns signIns,
      LoginEvents events,
      InstantSource clock) {
    return new OktaServer(
        new Kind.Custom(config.customServer()),
        config,
        base,
        new Keys(keys, keys),
        signIns,
        events,
        clock);
  }

  /// The org authorization server.
  ///
  /// @param internalKeys sign its access tokens and are published nowhere
  public static OktaServer org(
      OktaIdpConfig config,
      Supplier<URI> base,
      SigningKeys keys,
      SigningKeys internalKeys,
      SignIns signIns,
      LoginEvents events,
      InstantSource clock) {
    return new OktaServer(
        new Kind.Org(), config, base, new Keys(keys, internalKeys), signIns, events, clock);
  }

  public OktaTokenEndpoint tokenEndpoint() {
    return tokenEndpoint;
  }

  public OktaTokenChecks tokenChecks() {
    return tokenChecks;
  }

  /// Its own key set.
  public Answer keySet() {
    return Answer.of(200, tokens.keySet());
  }

  /// Its discovery document.
  public Answer discovery() {
    return Answer.of(200, OktaDiscovery.of(this));
  }

  /// The client whose ID token this is, if it is one of ours and may return to this address.
  public boolean mayReturnTo(String idTokenHint, String postLogoutUri) {
    return tokens
        .clientOfIdToken(idTokenHint)
        .flatMap(this::client)
        .filter(client -> client.postLogoutRedirectUris().contains(postLogoutUri))
        .isPresent();
  }

  /// Whether a text is an ID token that this server issued, expired or not.
  public boolean isOwnIdToken(String idTokenHint) {
    return tokens.clientOfIdToken(idTokenHint).isPresent();
  }

  Kind kind() {
    return kind;
  }

  /// The name by which grants remember their server.
  String id() {
    return switch (kind) {
      case Kind.Custom(OktaCustomServer server) -> "custom:" + server.id();
      case Kind.Org _ -> "org";
    };
  }

  /// `{org}/oauth2/{id}`, or the org's own address.
  String issuer() {
    return switch (kind) {
      case Kind.Custom(OktaCustomServer server) -> base.get() + "/oauth2/" + server.id();
      case Kind.Org _ -> org();
    };
  }

  /// Where its endpoints are.
  String endpoints() {
    return switch (kind) {
      case Kind.Custom _ -> issuer() + "/v1";
      case Kind.Org _ -> org() + "/oauth2/v1";
    };
  }

  String org() {
    return base.get().toString();
  }

  String audience() {
    return switch (kind) {
      case Kind.Custom(OktaCustomServer server) -> server.audience();
      case Kind.Org _ -> org();
    };
  }

  Optional<PublicClient> client(String id) {
    return config.clients().stream().filter(known -> known.id().equals(id)).findFirst();
  }

  /// @spec https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1 RFC 6749 §4.1.2.1
  @Override
  public AuthorizeCheck check(AuthorizationParameters parameters) {
    Optional<PublicClient> client = client(parameters.text("client_id"));
    if (client.isEmpty()) {
      return shown(OktaError.UNKNOWN_CLIENT);
    }
    if (!client.get().redirectUris().contains(parameters.text("redirect_uri"))) {
      return shown(OktaError.WRONG_REDIRECT_URI);
    }
    AuthorizationRequest.Reply reply = parameters.reply(issuer());
    if (!parameters.text("response_type").equals("code")) {
      return returned(reply, OktaError.UNSUPPORTED_RESPONSE_TYPE);
    }
    if (!parameters.hasKnownResponseMode()) {
      return returned(reply, OktaError.UNSUPPORTED_RESPONSE_MODE);
    }
    if (parameters.text("state").isEmpty()) {
      return returned(reply, OktaError.STATE_MISSING);
    }
    if (parameters.text("code_challenge").isEmpty()) {
      return returned(reply, OktaError.PKCE_REQUIRED);
    }
    if (!parameters.text("code_challenge_method").equals("S256")
        || !Pkce.isChallenge(parameters.text("code_challenge"))) {
      return returned(reply, OktaError.PKCE_METHOD);
    }
    Optional<OktaError> wrongScope = checkScopes(parameters.scopes());
    return wrongScope.isPresent()
        ? returned(reply, wrongScope.get())
        : new AuthorizeCheck.Accepted(parameters.request(id(), client.get(), issuer()));
  }

  private Optional<OktaError> checkScopes(List<String> scopes) {
    if (scopes.isEmpty()) {
      return Optional.of(OktaError.SCOPES_MISSING);
    }
    List<String> own = scopes.stream().filter(scope -> !OPENID.contains(scope)).toList();
    return switch (kind) {
      case Kind.Custom(OktaCustomServer server) ->
          server.scopes().containsAll(own)
              ? Optional.empty()
              : Optional.of(OktaError.UNKNOWN_SCOPE);
      case Kind.Org _ -> own.isEmpty() ? Optional.empty() : Optional.of(OktaError.CUSTOM_SCOPES);
    };
  }

  @Override
  public AuthorizeCheck signInNeeded(AuthorizationRequest request) {
    return returned(request.reply(), OktaError.SIGN_IN_NEEDED);
  }

  static Answer error(OktaError error) {
    var json = StrictJson.object();
    json.put("error", error.error());
    json.put("error_description", error.text());
    return Answer.of(error.status(), json);
  }

  private static AuthorizeCheck shown(OktaError error) {
    return new AuthorizeCheck.Shown(error.error(), error.text());
  }

  private static AuthorizeCheck returned(AuthorizationRequest.Reply reply, OktaError error) {
    return new AuthorizeCheck.Returned(reply, error.error(), error.text());
  }

  /// Which of the two kinds it is.
  sealed interface Kind {
    record Custom(OktaCustomServer server) implements Kind {}

    record Org() implements Kind {}
  }

  /// @param published sign ID tokens and stand in the key set
  /// @param forAccessTokens the same, but not at the org's server
  record Keys(SigningKeys published, SigningKeys forAccessTokens) {}
}
