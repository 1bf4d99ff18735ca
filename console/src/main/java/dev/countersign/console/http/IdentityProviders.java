package dev.countersign.console.http;

import dev.countersign.box.AddressGuard;
import dev.countersign.box.GuardedWire;
import dev.countersign.console.ConsoleConfig;
import dev.countersign.console.Grant;
import dev.countersign.console.Provider;
import dev.countersign.console.Session;
import dev.countersign.console.SignInAttempt;
import dev.countersign.console.SignInResult;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.protocol.http.OpenIdProvider;
import java.net.URI;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// Signs people in at identity providers, as a public client, and keeps the bearer. Threads may
/// share it.
final class IdentityProviders {
  private final ConsoleConfig config;
  private final InstantSource clock;
  private final Map<String, OpenIdProvider> providers = new HashMap<>();

  IdentityProviders(ConsoleConfig config, InstantSource clock) {
    this.config = config;
    this.clock = clock;
    for (Provider provider : config.providers()) {
      var wire = new GuardedWire(new AddressGuard(provider.internalHosts()), Optional.empty());
      providers.put(provider.id(), new OpenIdProvider(provider.issuer().toString(), wire, clock));
    }
  }

  /// A verifier for a new attempt.
  static Secret newVerifier() {
    return OpenIdProvider.newVerifier();
  }

  /// Where a person's browser goes to sign in.
  ///
  /// @throws UnavailableException if the provider does not answer
  String authorizationRequest(Provider provider, String state, Secret nonce, Secret verifier) {
    return at(provider)
        .authorizationRequest(of(provider, nonce, verifier), state, provider.scopes(), Map.of())
        .toString();
  }

  private OpenIdProvider at(Provider provider) {
    return Objects.requireNonNull(providers.get(provider.id()));
  }

  private OpenIdProvider.Attempt of(Provider provider, Secret nonce, Secret verifier) {
    return new OpenIdProvider.Attempt(application(provider), nonce, verifier);
  }

  private OpenIdProvider.Application application(Provider provider) {
    return new OpenIdProvider.Application(
        provider.clientId(),
        provider.clientSecret().orElse(null),
        config.redirectUri(provider).toString());
  }

  /// Completes an attempt with what the provider sent along.
  ///
  /// @param answer the parameters of the callback
  /// @throws UnavailableException if the provider does not answer
  SignInResult complete(SignInAttempt attempt, Map<String, String> answer) {
    OpenIdProvider.Attempt begun = of(attempt.provider(), attempt.nonce(), attempt.verifier());
    return switch (at(attempt.provider()).complete(begun, answer)) {
      case OpenIdProvider.Outcome.Refused(String reason) -> new SignInResult.Refused(reason);
      case OpenIdProvider.Outcome.SignedIn(VerifiedJwt idToken, OpenIdProvider.Tokens tokens) ->
          signedIn(idToken, tokens.reveal());
    };
  }

  private SignInResult signedIn(VerifiedJwt idToken, ObjectNode tokens) {
    Optional<Grant> grant = grant(tokens);
    if (grant.isEmpty()) {
      return new SignInResult.Refused("the identity provider gave no bearer token");
    }
    return new SignInResult.SignedIn(
        name(idToken),
        idToken.text("sub").orElse(""),
        idToken.text("sid").orElse(""),
        new Secret(tokens.path("id_token").asString("")),
        grant.get());
  }

  private Optional<Grant> grant(ObjectNode tokens) {
    String bearer = tokens.path("access_token").asString("");
    long lifetime = tokens.path("expires_in").asLong(0);
    if (bearer.isEmpty()
        || lifetime <= 0
        || !tokens.path("token_type").asString("").equalsIgnoreCase("Bearer")) {
      return Optional.empty();
    }
    String refreshToken = tokens.path("refresh_token").asString("");
    return Optional.of(
        new Grant(
            new Secret(bearer),
            clock.instant().plusSeconds(lifetime),
            refreshToken.isEmpty() ? Optional.empty() : Optional.of(new Secret(refreshToken))));
  }

  /// Asks for a newer bearer.
  ///
  /// @return empty if the provider gives none, as after it ended the session
  /// @throws UnavailableException if it does not answer
  Optional<Grant> renew(Provider provider, Secret refreshToken) {
    return at(provider)
        .refresh(application(provider), refreshToken)
        .flatMap(tokens -> grant(tokens.reveal()));
  }

  /// Where a person's browser goes so that the provider ends its session too; empty where it has no
  /// such place.
  ///
  /// @throws UnavailableException if the provider does not answer
  Optional<String> signOutRequest(Session session) {
    return at(session.provider())
        .signOutRequest(application(session.provider()), session.idToken(), config.address() + "/")
        .map(URI::toString);
  }

  /// What a logout token says is over.
  ///
  /// @return empty if it is no logout token of this provider for us
  /// @throws UnavailableException if the provider's keys cannot be had
  Optional<OpenIdProvider.Ended> ended(Provider provider, String logoutToken) {
    return at(provider).ended(application(provider), logoutToken);
  }

  private static String name(VerifiedJwt jwt) {
    return jwt.text("name")
        .or(() -> jwt.text("preferred_username"))
        .or(() -> jwt.text("email"))
        .or(() -> jwt.text("sub"))
        .orElse("somebody");
  }
}
