package dev.countersign.console.http;

import dev.countersign.box.AddressGuard;
import dev.countersign.box.GuardedWire;
import dev.countersign.console.ConsoleConfig;
import dev.countersign.console.Provider;
import dev.countersign.console.SignInAttempt;
import dev.countersign.console.SignInResult;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.protocol.http.OpenIdProvider;
import java.time.Duration;
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
  private final Map<String, OpenIdProvider> providers = new HashMap<>();

  IdentityProviders(ConsoleConfig config, InstantSource clock) {
    this.config = config;
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
    return new OpenIdProvider.Attempt(
        new OpenIdProvider.Application(
            provider.clientId(), null, config.redirectUri(provider).toString()),
        nonce,
        verifier);
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

  private static SignInResult signedIn(VerifiedJwt idToken, ObjectNode tokens) {
    String bearer = tokens.path("access_token").asString("");
    long lifetime = tokens.path("expires_in").asLong(0);
    if (bearer.isEmpty()
        || lifetime <= 0
        || !tokens.path("token_type").asString("").equalsIgnoreCase("Bearer")) {
      return new SignInResult.Refused("the identity provider gave no bearer token");
    }
    return new SignInResult.SignedIn(
        name(idToken), new Secret(bearer), Duration.ofSeconds(lifetime));
  }

  private static String name(VerifiedJwt jwt) {
    return jwt.text("name")
        .or(() -> jwt.text("preferred_username"))
        .or(() -> jwt.text("email"))
        .or(() -> jwt.text("sub"))
        .orElse("somebody");
  }
}
