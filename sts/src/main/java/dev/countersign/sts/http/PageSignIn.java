package dev.countersign.sts.http;

import dev.countersign.box.IssuerKeys;
import dev.countersign.policy.Approvers;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.protocol.http.OpenIdProvider;
import dev.countersign.sts.Anchor;
import dev.countersign.sts.SignInSettings;
import dev.countersign.sts.SubjectTokens;
import dev.countersign.sts.stepup.PageVisits;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Signs people in at the identity provider of their trust anchor, and asks it for a new and strong
/// authentication where one is to be the proof. Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9470#section-4 RFC 9470 §4
final class PageSignIn {
  private static final int MAX_NAME = 80;
  private static final int LONGEST_NAME = 255;
  private static final int MOST_NAMES = 500;

  private final String issuer;
  private final Map<String, SignInSettings> signIns;
  private final Map<String, OpenIdProvider> providers = new TreeMap<>();
  private final InstantSource clock;

  /// @param issuer our own
  /// @param anchors the trust anchors; their issuers' addresses are called as their keys are
  PageSignIn(
      String issuer,
      List<Anchor> anchors,
      Map<String, SignInSettings> signIns,
      InstantSource clock) {
    this.issuer = issuer;
    this.signIns = Map.copyOf(signIns);
    this.clock = clock;
    for (Anchor anchor : anchors) {
      if (signIns.containsKey(anchor.name())) {
        IssuerKeys addresses = anchor.keys();
        providers.put(anchor.name(), new OpenIdProvider(anchor.issuer(), addresses.wire(), clock));
      }
    }
  }

  /// The anchors at which people can sign in, with what the button says.
  Map<String, String> labels() {
    var labels = new TreeMap<String, String>();
    providers.keySet().forEach(anchor -> labels.put(anchor, settings(anchor).label()));
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
        OpenIdProvider.newVerifier(),
        clock.instant());
  }

  /// Where the browser goes.
  ///
  /// @param again whether the person must authenticate anew
  /// @throws UnavailableException if the provider does not answer
  String address(PageVisits.Attempt attempt, boolean again) {
    SignInSettings settings = settings(attempt.anchor());
    var more = new LinkedHashMap<String, String>();
    if (again) {
      more.put("prompt", "login");
      more.put("max_age", "0");
    }
    if (attempt.approves() && !settings.acrValues().isEmpty()) {
      more.put("acr_values", String.join(" ", settings.acrValues()));
    }
    if (attempt.approves() && !settings.contexts().isEmpty()) {
      more.put("claims", StrictJson.write(contexts(settings.contexts())));
    }
    return provider(attempt.anchor())
        .authorizationRequest(of(attempt), attempt.state().reveal(), settings.scopes(), more)
        .toString();
  }

  /// How Entra is asked for one of its authentication contexts.
  ///
  /// @spec https://openid.net/specs/openid-connect-core-1_0.html#ClaimsParameter OpenID Connect
  ///   Core 1.0 §5.5
  private static ObjectNode contexts(List<String> contexts) {
    ObjectNode claims = StrictJson.object();
    ObjectNode asked = claims.putObject("id_token").putObject("acrs").put("essential", true);
    if (contexts.size() == 1) {
      asked.put("value", contexts.getFirst());
    } else {
      contexts.forEach(asked.putArray("values")::add);
    }
    return claims;
  }

  private OpenIdProvider.Attempt of(PageVisits.Attempt attempt) {
    SignInSettings settings = settings(attempt.anchor());
    return new OpenIdProvider.Attempt(
        new OpenIdProvider.Application(
            settings.clientId(),
            settings.clientSecret(),
            issuer + "/approve/callback/" + attempt.anchor()),
        attempt.nonce(),
        attempt.verifier());
  }

  /// Completes an attempt with what the provider sent along.
  ///
  /// @throws UnavailableException if the provider does not answer
  SignedIn complete(PageVisits.Attempt attempt, Map<String, String> answer) {
    return switch (provider(attempt.anchor()).complete(of(attempt), answer)) {
      case OpenIdProvider.Outcome.SignedIn(VerifiedJwt idToken, var _) ->
          person(attempt, settings(attempt.anchor()), idToken);
      case OpenIdProvider.Outcome.Refused(String reason) -> new SignedIn.Refused(reason);
    };
  }

  private static SignedIn person(
      PageVisits.Attempt attempt, SignInSettings settings, VerifiedJwt jwt) {
    String id = jwt.text(settings.subjectClaim()).orElse("");
    if (!SubjectTokens.isStableId(id)) {
      return new SignedIn.Refused(
          "the ID token does not name you in `" + settings.subjectClaim() + "`");
    }
    return new SignedIn.Person(
        attempt.anchor() + "|" + id,
        name(jwt),
        seconds(jwt.claims().path("auth_time")),
        strength(jwt, settings),
        marks(attempt.anchor(), id, settings, jwt));
  }

  /// What the token says of the strength, if it is one that is accepted: `acr`, or among `acrs` one
  /// of Entra's authentication contexts. Neither stands in for the other.
  private static @Nullable String strength(VerifiedJwt jwt, SignInSettings settings) {
    Optional<String> acr = jwt.text("acr").filter(settings.acrValues()::contains);
    if (acr.isPresent()) {
      return acr.get();
    }
    for (JsonNode one : jwt.claims().path("acrs")) {
      if (one.isString() && settings.contexts().contains(one.stringValue())) {
        return one.stringValue();
      }
    }
    return null;
  }

  /// What the token says the person is: themself, and the groups and roles of its claims. Where the
  /// provider leaves them out because they are too many, there are none.
  private static Set<String> marks(
      String anchor, String id, SignInSettings settings, VerifiedJwt jwt) {
    var marks = new TreeSet<String>();
    marks.add(Approvers.person(anchor + "|" + id));
    texts(jwt, settings.groupsClaim())
        .forEach(name -> marks.add(Approvers.group(anchor + "|" + name)));
    texts(jwt, settings.rolesClaim())
        .forEach(name -> marks.add(Approvers.role(anchor + "|" + name)));
    return marks;
  }

  private static List<String> texts(VerifiedJwt jwt, String claim) {
    JsonNode value = claim.startsWith("/") ? jwt.claims().at(claim) : jwt.claims().path(claim);
    return value
        .valueStream()
        .filter(JsonNode::isString)
        .map(JsonNode::stringValue)
        .filter(name -> !name.isEmpty() && name.length() <= LONGEST_NAME)
        .limit(MOST_NAMES)
        .toList();
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

  private OpenIdProvider provider(String anchor) {
    OpenIdProvider provider = providers.get(anchor);
    if (provider == null) {
      throw new IllegalArgumentException("nobody signs in at this anchor");
    }
    return provider;
  }

  /// How a sign-in ended.
  sealed interface SignedIn {
    /// The provider says who it is.
    ///
    /// @param subject the subject key
    /// @param acr what it says of the strength, if it is one that is accepted
    /// @param marks what they are for those whom a policy lets approve for others
    record Person(
        String subject,
        String name,
        @Nullable Instant authenticatedAt,
        @Nullable String acr,
        Set<String> marks)
        implements SignedIn {}

    /// Nobody is signed in.
    ///
    /// @param reason for the person
    record Refused(String reason) implements SignedIn {}
  }
}
