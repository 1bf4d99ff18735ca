package dev.countersign.sts.http;

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
import dev.countersign.sts.SignInSettings;
import dev.countersign.sts.SubjectTokens;
import dev.countersign.sts.stepup.PageVisits;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Signs people in at the identity provider of their trust anchor: authorization code with PKCE,
/// the ID token checked. Threads may share it.
///
/// @spec https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth OpenID Connect Core 1.0
///   §3.1
/// @spec https://www.rfc-editor.org/rfc/rfc9470#section-4 RFC 9470 §4
final class PageSignIn {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final Duration LEEWAY = Duration.ofSeconds(60);
  private static final int VERIFIER = 64;
  private static final int MAX_NAME = 80;

  private final String issuer;
  private final Map<String, String> issuers;
  private final Map<String, SignInSettings> signIns;
  private final WireClient client = new WireClient();
  private final Map<String, Metadata> known = new ConcurrentHashMap<>();
  private final InstantSource clock;

  /// @param issuer our own
  /// @param issuers the identity providers' issuers, by anchor
  PageSignIn(
      String issuer,
      Map<String, String> issuers,
      Map<String, SignInSettings> signIns,
      InstantSource clock) {
    this.issuer = issuer;
    this.issuers = Map.copyOf(issuers);
    this.signIns = Map.copyOf(signIns);
    this.clock = clock;
  }

  /// The anchors at which people can sign in, with what the button says.
  Map<String, String> labels() {
    var labels = new TreeMap<String, String>();
    signIns.forEach((anchor, settings) -> {
      if (issuers.containsKey(anchor)) {
        labels.put(anchor, settings.label());
      }
    });
    return labels;
  }

  /// A new attempt of a browser.
  ///
  /// @param approves whether the sign-in itself is to be the proof
  PageVisits.Attempt attempt(
      Secret browser, String anchor, String target, boolean approves, String number) {
    return new PageVisits.Attempt(
        new Secret(Ids.random()),
        browser,
        anchor,
        target,
        approves,
        number,
        new Secret(Ids.random()),
        new Secret(Ids.base62(VERIFIER)),
        clock.instant());
  }

  /// Where the browser goes.
  ///
  /// @param again whether the person must authenticate anew
  /// @throws UnavailableException if the provider does not answer
  String address(PageVisits.Attempt attempt, boolean again) {
    SignInSettings settings = settings(attempt.anchor());
    var request = new LinkedHashMap<String, String>();
    request.put("response_type", "code");
    request.put("client_id", settings.clientId());
    request.put("redirect_uri", redirectUri(attempt.anchor()));
    request.put("scope", String.join(" ", settings.scopes()));
    request.put("state", attempt.state().reveal());
    request.put("nonce", attempt.nonce().reveal());
    request.put("code_challenge", Digest.sha256(attempt.verifier().reveal()));
    request.put("code_challenge_method", "S256");
    if (again) {
      request.put("prompt", "login");
      request.put("max_age", "0");
    }
    if (attempt.approves()) {
      request.put("acr_values", String.join(" ", settings.acrValues()));
    }
    return metadata(attempt.anchor()).authorizationEndpoint() + "?" + encoded(request);
  }

  private static String encoded(Map<String, String> fields) {
    return fields.entrySet().stream()
        .map(field -> field.getKey() + "=" + encode(field.getValue()))
        .collect(Collectors.joining("&"));
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private String redirectUri(String anchor) {
    return issuer + "/approve/callback/" + anchor;
  }

  /// Completes an attempt with what the provider sent along.
  ///
  /// @throws UnavailableException if the provider does not answer
  SignedIn complete(PageVisits.Attempt attempt, Map<String, String> answer) {
    Metadata metadata = metadata(attempt.anchor());
    @Nullable String from = answer.get("iss");
    if (from == null ? metadata.sendsIssuer() : !from.equals(issuers.get(attempt.anchor()))) {
      return new SignedIn.Refused("the answer came from another identity provider");
    }
    if (answer.containsKey("error") || !answer.containsKey("code")) {
      return new SignedIn.Refused("the identity provider did not sign you in");
    }
    WireClient.Answer tokens =
        client.postForm(
            metadata.tokenEndpoint(),
            authorization(attempt.anchor()),
            Map.of(
                "grant_type", "authorization_code",
                "client_id", settings(attempt.anchor()).clientId(),
                "code", answer.getOrDefault("code", ""),
                "redirect_uri", redirectUri(attempt.anchor()),
                "code_verifier", attempt.verifier().reveal()),
            TIMEOUT);
    if (tokens.status() != 200) {
      return new SignedIn.Refused("the identity provider did not redeem the sign-in");
    }
    try {
      String idToken = StrictJson.parseObject(tokens.body()).path("id_token").asString("");
      return read(attempt, metadata, idToken);
    } catch (MalformedJsonException malformed) {
      return new SignedIn.Refused("the identity provider's answer is malformed");
    }
  }

  private Map<String, String> authorization(String anchor) {
    SignInSettings settings = settings(anchor);
    @Nullable Secret secret = settings.clientSecret();
    if (secret == null) {
      return Map.of("Accept", "application/json");
    }
    String pair = encode(settings.clientId()) + ":" + encode(secret.reveal());
    return Map.of(
        "Accept",
        "application/json",
        "Authorization",
        "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.US_ASCII)));
  }

  private SignedIn read(PageVisits.Attempt attempt, Metadata metadata, String idToken) {
    SignInSettings settings = settings(attempt.anchor());
    var rules =
        new JwtRules(
            String.valueOf(issuers.get(attempt.anchor())),
            Set.of(settings.clientId()),
            Set.of("", "jwt"),
            Set.of("RS256", "ES256", "PS256"),
            LEEWAY,
            Duration.ZERO);
    return switch (new JwtVerifier(rules, metadata.keys(), clock).verify(idToken)) {
      case JwtCheck.Verified(VerifiedJwt jwt) -> person(attempt, settings, jwt);
      case JwtCheck.Rejected(String reason) ->
          new SignedIn.Refused("the ID token is not accepted: " + reason);
      case JwtCheck.Unavailable(String reason) -> throw new UnavailableException(reason, null);
    };
  }

  private static SignedIn person(
      PageVisits.Attempt attempt, SignInSettings settings, VerifiedJwt jwt) {
    if (!new Secret(jwt.text("nonce").orElse("")).equals(attempt.nonce())) {
      return new SignedIn.Refused("the ID token belongs to another sign-in");
    }
    String id = jwt.text(settings.subjectClaim()).orElse("");
    if (!SubjectTokens.isStableId(id)) {
      return new SignedIn.Refused(
          "the ID token does not name you in `" + settings.subjectClaim() + "`");
    }
    return new SignedIn.Person(
        attempt.anchor() + "|" + id,
        name(jwt),
        seconds(jwt.claims().path("auth_time")),
        strength(jwt, settings));
  }

  /// What the token says of the strength: `acr`, or among `acrs`, as Entra's authentication
  /// contexts do, one of those that are accepted.
  private static @Nullable String strength(VerifiedJwt jwt, SignInSettings settings) {
    Optional<String> acr = jwt.text("acr");
    if (acr.isPresent() && settings.acrValues().contains(acr.get())) {
      return acr.get();
    }
    for (JsonNode one : jwt.claims().path("acrs")) {
      if (one.isString() && settings.acrValues().contains(one.stringValue())) {
        return one.stringValue();
      }
    }
    return acr.orElse(null);
  }

  private static @Nullable Instant seconds(JsonNode time) {
    return time.isIntegralNumber() && time.canConvertToLong() && time.longValue() >= 0
        ? Instant.ofEpochSecond(Math.min(time.longValue(), Integer.MAX_VALUE * 4L))
        : null;
  }

  private static String name(VerifiedJwt jwt) {
    String name =
        jwt.text("name")
            .or(() -> jwt.text("preferred_username"))
            .or(() -> jwt.text("email"))
            .or(() -> jwt.text("sub"))
            .orElse("");
    return name.length() > MAX_NAME ? name.substring(0, MAX_NAME) : name;
  }

  private SignInSettings settings(String anchor) {
    SignInSettings settings = signIns.get(anchor);
    if (settings == null) {
      throw new IllegalArgumentException("nobody signs in at this anchor");
    }
    return settings;
  }

  private Metadata metadata(String anchor) {
    Metadata metadata = known.get(anchor);
    if (metadata == null) {
      metadata = discover(String.valueOf(issuers.get(anchor)));
      known.put(anchor, metadata);
    }
    return metadata;
  }

  private Metadata discover(String provider) {
    WireClient.Answer answer =
        client.get(
            URI.create(provider + "/.well-known/openid-configuration"),
            Map.of("Accept", "application/json"),
            TIMEOUT);
    try {
      ObjectNode document = StrictJson.parseObject(answer.body());
      if (answer.status() != 200 || !document.path("issuer").asString("").equals(provider)) {
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

  /// @param sendsIssuer whether an answer without `iss` is refused (RFC 9207 §2.4)
  private record Metadata(
      URI authorizationEndpoint, URI tokenEndpoint, RemoteKeySet keys, boolean sendsIssuer) {}

  /// How a sign-in ended.
  sealed interface SignedIn {
    /// The provider says who it is.
    ///
    /// @param subject the subject key
    record Person(
        String subject, String name, @Nullable Instant authenticatedAt, @Nullable String acr)
        implements SignedIn {}

    /// Nobody is signed in.
    ///
    /// @param reason for the person
    record Refused(String reason) implements SignedIn {}
  }
}
