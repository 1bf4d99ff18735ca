package dev.countersign.protocol.http;

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
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// An OpenID provider, as an application sees it at which people sign in: authorization code with
/// PKCE. Threads may share it.
///
/// Checked on the way back: `iss` of the answer, the ID token's signature, issuer, audience, times
/// and `nonce`; `state` is the caller's to check, since only the caller knows the browser.
///
/// @spec https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth OpenID Connect Core 1.0
///   §3.1
/// @spec https://www.rfc-editor.org/rfc/rfc9207#section-2.4 RFC 9207 §2.4
public final class OpenIdProvider {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final Duration LEEWAY = Duration.ofSeconds(60);
  private static final Duration FRESH = Duration.ofHours(1);
  private static final Duration LOGOUT_AGE = Duration.ofMinutes(5);
  private static final String LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";
  private static final int LONGEST_VERIFIER = 64;
  private static final Pattern ERROR = Pattern.compile("[a-z_]{3,40}");
  private static final Pattern ENTRA_CODE = Pattern.compile("\\bAADSTS[0-9]{4,9}\\b");

  private final String issuer;
  private final Wire wire;
  private final InstantSource clock;
  private volatile @Nullable Metadata known;

  /// @param wire how the provider's addresses are called; one that guards addresses, since the
  ///   provider says where its endpoints are
  public OpenIdProvider(String issuer, Wire wire, InstantSource clock) {
    this.issuer = issuer;
    this.wire = wire;
    this.clock = clock;
  }

  /// A PKCE verifier for a new attempt.
  public static Secret newVerifier() {
    return new Secret(Ids.base62(LONGEST_VERIFIER));
  }

  /// Where a person's browser goes to sign in.
  ///
  /// @param more further parameters, such as `max_age`
  /// @throws UnavailableException if the provider does not answer
  public URI authorizationRequest(
      Attempt attempt, String state, List<String> scopes, Map<String, String> more) {
    var request = new LinkedHashMap<String, String>();
    request.put("response_type", "code");
    request.put("client_id", attempt.application().clientId());
    request.put("redirect_uri", attempt.application().redirectUri());
    request.put("scope", String.join(" ", scopes));
    request.put("state", state);
    request.put("nonce", attempt.nonce().reveal());
    request.put("code_challenge", Digest.sha256(attempt.verifier().reveal()));
    request.put("code_challenge_method", "S256");
    request.putAll(more);
    String query =
        request.entrySet().stream()
            .map(parameter -> parameter.getKey() + "=" + encode(parameter.getValue()))
            .collect(Collectors.joining("&"));
    URI endpoint = metadata().authorizationEndpoint();
    return URI.create(endpoint + (endpoint.getRawQuery() == null ? "?" : "&") + query);
  }

  /// Completes an attempt with the parameters that the provider sent along.
  ///
  /// @throws UnavailableException if the provider does not answer
  public Outcome complete(Attempt attempt, Map<String, String> answer) {
    Metadata metadata = metadata();
    @Nullable String from = answer.get("iss");
    if (from == null ? metadata.sendsIssuer() : !from.equals(issuer)) {
      return new Outcome.Refused("the answer came from another identity provider");
    }
    if (answer.containsKey("error") || !answer.containsKey("code")) {
      return new Outcome.Refused(
          "the identity provider did not sign you in"
              + codes(
                  answer.getOrDefault("error", ""), answer.getOrDefault("error_description", "")));
    }
    WireClient.Answer tokens =
        wire.postForm(
            metadata.tokenEndpoint(),
            authorization(attempt.application()),
            Map.of(
                "grant_type", "authorization_code",
                "client_id", attempt.application().clientId(),
                "code", answer.getOrDefault("code", ""),
                "redirect_uri", attempt.application().redirectUri(),
                "code_verifier", attempt.verifier().reveal()),
            TIMEOUT);
    if (tokens.status() != 200) {
      return new Outcome.Refused(
          "the identity provider did not redeem the sign-in" + codes(tokens.body()));
    }
    try {
      return read(attempt, metadata, StrictJson.parseObject(tokens.body()));
    } catch (MalformedJsonException malformed) {
      return new Outcome.Refused("the identity provider's answer is malformed");
    }
  }

  private static String codes(byte[] body) {
    try {
      ObjectNode said = StrictJson.parseObject(body);
      return codes(said.path("error").asString(""), said.path("error_description").asString(""));
    } catch (MalformedJsonException malformed) {
      return "";
    }
  }

  // For whoever looks for the cause: the codes alone, since the rest may be anybody's words.
  private static String codes(String error, String description) {
    var found = new ArrayList<String>();
    if (ERROR.matcher(error).matches()) {
      found.add(error);
    }
    ENTRA_CODE.matcher(description).results().limit(1).forEach(code -> found.add(code.group()));
    return found.isEmpty() ? "" : " (" + String.join(", ", found) + ")";
  }

  private static Map<String, String> authorization(Application application) {
    var headers = new HashMap<String, String>(Map.of("Accept", "application/json"));
    @Nullable Secret secret = application.clientSecret();
    if (secret != null) {
      String pair = encode(application.clientId()) + ":" + encode(secret.reveal());
      headers.put(
          "Authorization",
          "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.US_ASCII)));
    }
    return headers;
  }

  private Outcome read(Attempt attempt, Metadata metadata, ObjectNode tokens) {
    JwtRules rules = rules(attempt.application(), Set.of("", "jwt"), Duration.ZERO);
    String idToken = tokens.path("id_token").asString("");
    return switch (new JwtVerifier(rules, metadata.keys(), clock).verify(idToken)) {
      case JwtCheck.Verified(VerifiedJwt jwt) ->
          new Secret(jwt.text("nonce").orElse("")).equals(attempt.nonce())
              ? new Outcome.SignedIn(jwt, new Tokens(tokens))
              : new Outcome.Refused("the ID token belongs to another sign-in");
      case JwtCheck.Rejected(String reason) ->
          new Outcome.Refused("the ID token is not accepted: " + reason);
      case JwtCheck.Unavailable(String reason) -> throw new UnavailableException(reason, null);
    };
  }

  /// Asks for newer tokens.
  ///
  /// @return empty if the provider gives none, as after it ended the session
  /// @throws UnavailableException if it does not answer, or not now
  /// @spec https://www.rfc-editor.org/rfc/rfc6749#section-6 RFC 6749 §6
  public Optional<Tokens> refresh(Application application, Secret refreshToken) {
    WireClient.Answer tokens =
        wire.postForm(
            metadata().tokenEndpoint(),
            authorization(application),
            Map.of(
                "grant_type", "refresh_token",
                "client_id", application.clientId(),
                "refresh_token", refreshToken.reveal()),
            TIMEOUT);
    if (tokens.status() >= 500 || tokens.status() == 429) {
      throw new UnavailableException("the identity provider does not renew just now", null);
    }
    try {
      return tokens.status() == 200
          ? Optional.of(new Tokens(StrictJson.parseObject(tokens.body())))
          : Optional.empty();
    } catch (MalformedJsonException malformed) {
      throw new UnavailableException("the identity provider's answer is malformed", malformed);
    }
  }

  /// Where a person's browser goes so that the provider ends its session too; empty where it has no
  /// such place.
  ///
  /// @param returnTo where the provider sends the browser afterwards, if it knows the address
  /// @throws UnavailableException if the provider does not answer
  /// @spec https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout RP-Initiated
  ///   Logout 1.0 §2
  public Optional<URI> signOutRequest(Application application, Secret idToken, String returnTo) {
    ObjectNode document = metadata().document();
    if (!document.has("end_session_endpoint")) {
      return Optional.empty();
    }
    URI endpoint;
    try {
      endpoint = address(document, "end_session_endpoint");
    } catch (IllegalArgumentException malformed) {
      return Optional.empty();
    }
    return Optional.of(
        URI.create(
            endpoint
                + (endpoint.getRawQuery() == null ? "?" : "&")
                + "id_token_hint="
                + encode(idToken.reveal())
                + "&client_id="
                + encode(application.clientId())
                + "&post_logout_redirect_uri="
                + encode(returnTo)));
  }

  /// What a logout token of the back channel says is over.
  ///
  /// @return empty if it is no logout token of this provider for the application
  /// @throws UnavailableException if the provider's keys cannot be had
  /// @spec https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation Back-Channel
  ///   Logout 1.0 §2.6
  public Optional<Ended> ended(Application application, String logoutToken) {
    JwtRules rules = rules(application, Set.of("", "jwt", "logout+jwt"), LOGOUT_AGE);
    return switch (new JwtVerifier(rules, metadata().keys(), clock).verify(logoutToken)) {
      case JwtCheck.Verified(VerifiedJwt jwt) ->
          jwt.claims().path("events").path(LOGOUT_EVENT).isObject()
                  && !jwt.claims().has("nonce")
                  && jwt.id().isPresent()
                  && (jwt.text("sid").isPresent() || jwt.text("sub").isPresent())
              ? Optional.of(
                  new Ended(jwt.id().get(), jwt.text("sid").orElse(""), jwt.text("sub").orElse("")))
              : Optional.empty();
      case JwtCheck.Rejected _ -> Optional.empty();
      case JwtCheck.Unavailable(String reason) -> throw new UnavailableException(reason, null);
    };
  }

  /// A session that is over at the provider.
  ///
  /// @param id of the token that says so, so that a receiver can take it once
  /// @param sid the session, or empty: all of the subject
  public record Ended(String id, String sid, String subject) {}

  private JwtRules rules(Application application, Set<String> types, Duration maxAge) {
    return new JwtRules(
        issuer,
        Set.of(application.clientId()),
        types,
        Set.of("RS256", "ES256", "PS256"),
        LEEWAY,
        maxAge);
  }

  /// What the provider says about itself.
  ///
  /// @throws UnavailableException if the provider does not answer
  public ObjectNode document() {
    return metadata().document();
  }

  private Metadata metadata() {
    Metadata metadata = known;
    Instant now = clock.instant();
    if (metadata == null || metadata.readAt().plus(FRESH).isBefore(now)) {
      try {
        metadata = discover(now);
        known = metadata;
      } catch (UnavailableException away) {
        if (metadata == null) {
          throw away;
        }
      }
    }
    return metadata;
  }

  private Metadata discover(Instant now) {
    WireClient.Answer answer =
        wire.get(IssuerMetadata.addressOf(issuer), Map.of("Accept", "application/json"), TIMEOUT);
    try {
      ObjectNode document = StrictJson.parseObject(answer.body());
      if (answer.status() != 200 || !document.path("issuer").asString("").equals(issuer)) {
        throw new UnavailableException("the identity provider's discovery is not usable", null);
      }
      return new Metadata(
          document,
          address(document, "authorization_endpoint"),
          address(document, "token_endpoint"),
          new RemoteKeySet(address(document, "jwks_uri"), wire, clock),
          document.path("authorization_response_iss_parameter_supported").asBoolean(false),
          now);
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

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  /// Our application there.
  ///
  /// @param clientSecret null for a public client
  public record Application(String clientId, @Nullable Secret clientSecret, String redirectUri) {}

  /// A sign-in that leaves for the provider.
  ///
  /// @param verifier of PKCE
  public record Attempt(Application application, Secret nonce, Secret verifier) {}

  /// How a sign-in ended.
  public sealed interface Outcome {
    /// The provider says who it is.
    record SignedIn(VerifiedJwt idToken, Tokens tokens) implements Outcome {}

    /// Nobody is signed in.
    ///
    /// @param reason for the person; no token, no code
    record Refused(String reason) implements Outcome {}
  }

  /// The provider's token answer; it never shows itself.
  public static final class Tokens {
    private final ObjectNode answer;

    private Tokens(ObjectNode answer) {
      this.answer = answer;
    }

    /// The whole answer.
    public ObjectNode reveal() {
      return answer;
    }

    @Override
    public String toString() {
      return "Tokens[redacted]";
    }
  }

  /// @param sendsIssuer whether an answer without `iss` is refused
  private record Metadata(
      ObjectNode document,
      URI authorizationEndpoint,
      URI tokenEndpoint,
      RemoteKeySet keys,
      boolean sendsIssuer,
      Instant readAt) {}
}
