package dev.countersign.console.http;

import dev.countersign.console.ConsoleConfig;
import dev.countersign.console.Provider;
import dev.countersign.console.SignInAttempt;
import dev.countersign.console.SignInResult;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.protocol.http.RemoteKeySet;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ObjectNode;

/// Signs people in at identity providers: authorization code with PKCE, as a public client.
///
/// Checked on the way back: `state` (by the caller), `iss` of the answer, the ID token's signature,
/// issuer, audience, times and `nonce`. Threads may share it.
///
/// @spec https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth OpenID Connect Core 1.0
///   §3.1
/// @spec https://www.rfc-editor.org/rfc/rfc9207#section-2.4 RFC 9207 §2.4
final class IdentityProviders {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final Duration LEEWAY = Duration.ofSeconds(60);
  private static final int LONGEST_VERIFIER = 64;

  private final ConsoleConfig config;
  private final WireClient client = new WireClient();
  private final InstantSource clock;
  private final Map<String, Metadata> known = new ConcurrentHashMap<>();

  IdentityProviders(ConsoleConfig config, InstantSource clock) {
    this.config = config;
    this.clock = clock;
  }

  /// A verifier for a new attempt.
  static Secret newVerifier() {
    return new Secret(Ids.base62(LONGEST_VERIFIER));
  }

  /// Where a person's browser goes to sign in.
  ///
  /// @throws UnavailableException if the provider does not answer
  String authorizationRequest(Provider provider, String state, Secret nonce, Secret verifier) {
    var request = new LinkedHashMap<String, String>();
    request.put("response_type", "code");
    request.put("client_id", provider.clientId());
    request.put("redirect_uri", config.redirectUri(provider).toString());
    request.put("scope", String.join(" ", provider.scopes()));
    request.put("state", state);
    request.put("nonce", nonce.reveal());
    request.put("code_challenge", Digest.sha256(verifier.reveal()));
    request.put("code_challenge_method", "S256");
    return metadata(provider).authorizationEndpoint()
        + "?"
        + request.entrySet().stream()
            .map(parameter ->
                parameter.getKey()
                    + "="
                    + URLEncoder.encode(parameter.getValue(), StandardCharsets.UTF_8))
            .collect(Collectors.joining("&"));
  }

  /// Completes an attempt with what the provider sent along.
  ///
  /// @param answer the parameters of the callback
  /// @throws UnavailableException if the provider does not answer
  SignInResult complete(SignInAttempt attempt, Map<String, String> answer) {
    Metadata metadata = metadata(attempt.provider());
    Optional<String> issuer = Optional.ofNullable(answer.get("iss"));
    if (issuer.isPresent()
        ? !issuer.get().equals(attempt.provider().issuer().toString())
        : metadata.sendsIssuer()) {
      return new SignInResult.Refused("the answer came from another identity provider");
    }
    if (answer.containsKey("error") || !answer.containsKey("code")) {
      return new SignInResult.Refused("the identity provider did not sign you in");
    }
    WireClient.Answer tokens =
        client.postForm(
            metadata.tokenEndpoint(),
            Map.of("Accept", "application/json"),
            Map.of(
                "grant_type", "authorization_code",
                "client_id", attempt.provider().clientId(),
                "code", answer.getOrDefault("code", ""),
                "redirect_uri", config.redirectUri(attempt.provider()).toString(),
                "code_verifier", attempt.verifier().reveal()),
            TIMEOUT);
    if (tokens.status() != 200) {
      return new SignInResult.Refused("the identity provider did not redeem the sign-in");
    }
    try {
      return read(attempt, metadata, StrictJson.parseObject(tokens.body()));
    } catch (MalformedJsonException malformed) {
      return new SignInResult.Refused("the identity provider's answer is malformed");
    }
  }

  private SignInResult read(SignInAttempt attempt, Metadata metadata, ObjectNode tokens) {
    String bearer = tokens.path("access_token").asString("");
    long lifetime = tokens.path("expires_in").asLong(0);
    if (bearer.isEmpty()
        || lifetime <= 0
        || !tokens.path("token_type").asString("").equalsIgnoreCase("Bearer")) {
      return new SignInResult.Refused("the identity provider gave no bearer token");
    }
    var rules =
        new JwtRules(
            attempt.provider().issuer().toString(),
            Set.of(attempt.provider().clientId()),
            Set.of("", "jwt"),
            Set.of("RS256", "ES256", "PS256"),
            LEEWAY,
            Duration.ZERO);
    JwtCheck check =
        new JwtVerifier(rules, metadata.keys(), clock).verify(tokens.path("id_token").asString(""));
    return switch (check) {
      case JwtCheck.Verified(VerifiedJwt jwt) ->
          new Secret(jwt.text("nonce").orElse("")).equals(attempt.nonce())
              ? new SignInResult.SignedIn(
                  name(jwt), new Secret(bearer), Duration.ofSeconds(lifetime))
              : new SignInResult.Refused("the ID token belongs to another sign-in");
      case JwtCheck.Rejected(String reason) ->
          new SignInResult.Refused("the ID token is not accepted: " + reason);
      case JwtCheck.Unavailable(String reason) -> throw new UnavailableException(reason, null);
    };
  }

  private static String name(VerifiedJwt jwt) {
    return jwt.text("name")
        .or(() -> jwt.text("preferred_username"))
        .or(() -> jwt.text("email"))
        .or(() -> jwt.text("sub"))
        .orElse("somebody");
  }

  private Metadata metadata(Provider provider) {
    Metadata metadata = known.get(provider.id());
    if (metadata == null) {
      metadata = discover(provider);
      known.put(provider.id(), metadata);
    }
    return metadata;
  }

  private Metadata discover(Provider provider) {
    WireClient.Answer answer =
        client.get(
            URI.create(provider.issuer() + "/.well-known/openid-configuration"),
            Map.of("Accept", "application/json"),
            TIMEOUT);
    try {
      ObjectNode document = StrictJson.parseObject(answer.body());
      if (answer.status() != 200
          || !document.path("issuer").asString("").equals(provider.issuer().toString())) {
        throw new UnavailableException("the identity provider's discovery is not usable", null);
      }
      return new Metadata(
          address(document, "authorization_endpoint"),
          address(document, "token_endpoint"),
          new RemoteKeySet(address(document, "jwks_uri"), client, clock),
          document.path("authorization_response_iss_parameter_supported").asBoolean(false));
    } catch (MalformedJsonException | IllegalArgumentException malformed) {
      throw new UnavailableException("the identity provider's discovery is malformed", malformed);
    }
  }

  private static URI address(ObjectNode document, String member) {
    URI address = URI.create(document.path(member).asString(""));
    if (!Set.of("http", "https").contains(String.valueOf(address.getScheme()))
        || address.getHost() == null) {
      throw new IllegalArgumentException("`" + member + "` must be a URL");
    }
    return address;
  }

  /// @param sendsIssuer whether an answer without `iss` is refused
  private record Metadata(
      URI authorizationEndpoint, URI tokenEndpoint, RemoteKeySet keys, boolean sendsIssuer) {}
}
