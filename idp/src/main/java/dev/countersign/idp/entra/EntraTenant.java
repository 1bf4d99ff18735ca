package dev.countersign.idp.entra;

import dev.countersign.idp.Answer;
import dev.countersign.idp.AuthorizationParameters;
import dev.countersign.idp.AuthorizationRequest;
import dev.countersign.idp.AuthorizationServer;
import dev.countersign.idp.AuthorizeCheck;
import dev.countersign.idp.EntraIdpConfig;
import dev.countersign.idp.LoginEvents;
import dev.countersign.idp.Pkce;
import dev.countersign.idp.PublicClient;
import dev.countersign.idp.SignIns;
import dev.countersign.idp.SigningKeys;
import dev.countersign.idp.entra.EntraScopes.Resolution;
import java.net.URI;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Supplier;
import tools.jackson.databind.node.ObjectNode;

/// The one tenant of the Entra-shaped provider: what its sign-in service accepts and publishes.
///
/// Threads may share it.
public final class EntraTenant implements AuthorizationServer {
  private final EntraIdpConfig config;
  private final EntraAddresses addresses;
  private final EntraScopes scopes;
  private final AadErrors errors;
  private final EntraTokens tokens;
  private final EntraTokenEndpoint tokenEndpoint;
  private final GraphApi graph;

  public EntraTenant(
      EntraIdpConfig config,
      Supplier<URI> base,
      SigningKeys keys,
      SignIns signIns,
      LoginEvents events,
      InstantSource clock) {
    this.config = config;
    addresses = new EntraAddresses(base, config.tenantId());
    scopes = new EntraScopes(config.apis());
    errors = new AadErrors(base, clock);
    tokens = new EntraTokens(config, keys, addresses, clock);
    tokenEndpoint = new EntraTokenEndpoint(config, scopes, errors, tokens, signIns, events);
    graph = new GraphApi(config, addresses, tokens, signIns, events, clock);
  }

  public EntraAddresses addresses() {
    return addresses;
  }

  public EntraTokenEndpoint tokenEndpoint() {
    return tokenEndpoint;
  }

  public GraphApi graph() {
    return graph;
  }

  /// The key set, one for both versions of tokens.
  public Answer keySet() {
    return Answer.of(200, tokens.keySet());
  }

  /// The discovery document of version 2 tokens.
  public Answer discovery() {
    return Answer.of(200, EntraDiscovery.version2(addresses));
  }

  /// The discovery document of version 1 tokens.
  public Answer version1Discovery() {
    return Answer.of(200, EntraDiscovery.version1(addresses));
  }

  /// What a path of another tenant answers.
  public Answer unknownTenant() {
    return errors.answer(AadError.TENANT_NOT_FOUND);
  }

  /// Where a logout may lead.
  public Optional<PublicClient> clientWithPostLogoutUri(String uri) {
    return config.clients().stream()
        .filter(client -> client.postLogoutRedirectUris().contains(uri))
        .findFirst();
  }

  /// @spec https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1 RFC 6749 §4.1.2.1
  @Override
  public AuthorizeCheck check(AuthorizationParameters parameters) {
    Optional<PublicClient> client =
        config.clients().stream()
            .filter(known -> known.id().equals(parameters.text("client_id")))
            .findFirst();
    if (client.isEmpty()) {
      return shown(AadError.UNKNOWN_APPLICATION);
    }
    if (!client.get().redirectUris().contains(parameters.text("redirect_uri"))) {
      return shown(AadError.WRONG_REPLY_ADDRESS);
    }
    AuthorizationRequest.Reply reply = parameters.reply(addresses.version2Issuer());
    if (!parameters.text("response_type").equals("code")) {
      return returned(reply, AadError.UNSUPPORTED_RESPONSE_TYPE);
    }
    if (!parameters.hasKnownResponseMode()) {
      return returned(reply, AadError.UNSUPPORTED_RESPONSE_MODE);
    }
    if (parameters.text("code_challenge").isEmpty()) {
      return returned(reply, AadError.PKCE_REQUIRED);
    }
    if (!parameters.text("code_challenge_method").equals("S256")
        || !Pkce.isChallenge(parameters.text("code_challenge"))) {
      return returned(reply, AadError.PKCE_METHOD);
    }
    if (parameters.scopes().isEmpty()) {
      return returned(reply, AadError.MALFORMED_SCOPE);
    }
    return switch (scopes.resolve(parameters.scopes())) {
      case Resolution.Refused(AadError error) -> returned(reply, error);
      case Resolution.Resolved _ ->
          new AuthorizeCheck.Accepted(
              parameters.request(
                  EntraTokenEndpoint.SERVER, client.get(), addresses.version2Issuer()));
    };
  }

  @Override
  public AuthorizeCheck signInNeeded(AuthorizationRequest request) {
    return returned(request.reply(), AadError.SIGN_IN_NEEDED);
  }

  private static AuthorizeCheck shown(AadError error) {
    return new AuthorizeCheck.Shown(error.code(), error.text());
  }

  private AuthorizeCheck returned(AuthorizationRequest.Reply reply, AadError error) {
    ObjectNode body = (ObjectNode) errors.answer(error).body();
    return new AuthorizeCheck.Returned(
        reply, error.error(), body.path("error_description").stringValue());
  }
}
