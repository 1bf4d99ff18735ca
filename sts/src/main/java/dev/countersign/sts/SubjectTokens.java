package dev.countersign.sts;

import dev.countersign.policy.Attribute;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerifiedJwt;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Verifies subject tokens. The anchor is the one that the caller names by token type, or the one
/// whose issuer the token claims; no second anchor is tried.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8693#section-2.1 RFC 8693 §2.1
public final class SubjectTokens {
  private static final int MAX_STABLE_ID = 255;
  private static final long MAX_SECONDS = 253_402_300_799L;
  private static final List<String> PARTY_CLAIMS = List.of("azp", "appid", "cid", "client_id");

  private final Map<String, Trusted> byType = new LinkedHashMap<>();
  private final Map<String, Trusted> byIssuer = new LinkedHashMap<>();

  /// @param keys where the keys of an anchor come from
  public SubjectTokens(
      List<Anchor> anchors, Function<Anchor, KeySource> keys, InstantSource clock) {
    for (Anchor anchor : anchors) {
      var rules =
          new JwtRules(
              anchor.issuer(),
              anchor.audiences(),
              anchor.types(),
              anchor.algorithms(),
              anchor.leeway(),
              anchor.maxAge());
      var trusted = new Trusted(anchor, new JwtVerifier(rules, keys.apply(anchor), clock));
      byType.put(anchor.tokenType(), trusted);
      byIssuer.put(anchor.issuer(), trusted);
    }
  }

  /// The anchor that a `subject_token_type` names.
  Optional<Anchor> anchorOf(String tokenType) {
    return Optional.ofNullable(byType.get(tokenType)).map(Trusted::anchor);
  }

  /// The anchor whose issuer a token claims.
  Optional<Anchor> anchorOfIssuer(String token) {
    return Optional.ofNullable(byIssuer.get(JwtVerifier.unverifiedIssuer(token).orElse("")))
        .map(Trusted::anchor);
  }

  /// Verifies a token of the named type.
  SubjectCheck verify(String tokenType, String token, Instant now) {
    Trusted trusted = byType.get(tokenType);
    return trusted == null
        ? new SubjectCheck.Rejected("subject_token_type names no trust anchor")
        : verify(trusted, token, now);
  }

  /// Verifies a token of whatever anchor its issuer is.
  SubjectCheck verifyByIssuer(String token, Instant now) {
    Trusted trusted = byIssuer.get(JwtVerifier.unverifiedIssuer(token).orElse(""));
    return trusted == null
        ? new SubjectCheck.Rejected("the token is of no issuer known here")
        : verify(trusted, token, now);
  }

  private static SubjectCheck verify(Trusted trusted, String token, Instant now) {
    return switch (trusted.verifier.verify(token)) {
      case JwtCheck.Verified(VerifiedJwt jwt) -> read(trusted.anchor, jwt, now);
      case JwtCheck.Rejected(String reason) -> new SubjectCheck.Rejected(reason);
      case JwtCheck.Unavailable(String reason) -> new SubjectCheck.Unavailable(reason);
    };
  }

  private static SubjectCheck read(Anchor anchor, VerifiedJwt jwt, Instant now) {
    for (var required : anchor.requiredClaims().entrySet()) {
      if (!required.getValue().equals(jwt.text(required.getKey()).orElse(null))) {
        return new SubjectCheck.Rejected(
            "`" + required.getKey() + "` is not what this trust anchor requires");
      }
    }
    if (!isAuthorizedParty(anchor, jwt)) {
      return new SubjectCheck.Rejected("the token was issued to an application not accepted here");
    }
    String stableId = jwt.text(anchor.subjectClaim()).orElse("");
    if (!isStableId(stableId)) {
      return new SubjectCheck.Rejected(
          "`"
              + anchor.subjectClaim()
              + "` must be a text of 1 to 255 visible characters, since it names the person");
    }
    JsonNode authTime = jwt.claims().path("auth_time");
    if (!authTime.isMissingNode() && !isTime(authTime)) {
      return new SubjectCheck.Rejected("`auth_time` must be whole seconds since 1970");
    }
    var subject =
        new Subject(
            anchor.name() + "|" + stableId,
            anchor.name(),
            anchor.issuer(),
            stableId,
            jwt.expiresAt(),
            authTime.isMissingNode() ? null : Instant.ofEpochSecond(authTime.longValue()),
            authentication(jwt.claims()),
            attributes(anchor, jwt, now),
            mail(anchor, jwt));
    return new SubjectCheck.Verified(subject, jwt);
  }

  private static boolean isAuthorizedParty(Anchor anchor, VerifiedJwt jwt) {
    if (anchor.authorizedParties().isEmpty()) {
      return true;
    }
    List<JsonNode> parties =
        PARTY_CLAIMS.stream()
            .map(claim -> jwt.claims().path(claim))
            .filter(party -> !party.isMissingNode())
            .toList();
    return !parties.isEmpty()
        && parties.stream()
            .allMatch(party ->
                party.isString() && anchor.authorizedParties().contains(party.stringValue()));
  }

  /// Exact code points, none that hides or reorders others, none invisible.
  static boolean isStableId(String id) {
    return !id.isEmpty()
        && id.length() <= MAX_STABLE_ID
        && id.codePoints()
            .noneMatch(point ->
                switch (Character.getType(point)) {
                  case Character.CONTROL,
                      Character.FORMAT,
                      Character.SURROGATE,
                      Character.PRIVATE_USE,
                      Character.UNASSIGNED,
                      Character.LINE_SEPARATOR,
                      Character.PARAGRAPH_SEPARATOR,
                      Character.SPACE_SEPARATOR ->
                      true;
                  default -> false;
                });
  }

  private static boolean isTime(JsonNode value) {
    return value.isIntegralNumber()
        && value.canConvertToLong()
        && value.longValue() >= 0
        && value.longValue() <= MAX_SECONDS;
  }

  private static ObjectNode authentication(ObjectNode claims) {
    ObjectNode copy = StrictJson.object();
    for (String name : List.of("auth_time", "acr", "amr")) {
      if (claims.has(name)) {
        copy.set(name, claims.path(name).deepCopy());
      }
    }
    return copy;
  }

  private static Map<String, Attribute> attributes(Anchor anchor, VerifiedJwt jwt, Instant now) {
    var attributes = new LinkedHashMap<String, Attribute>();
    Instant at = jwt.issuedAt().orElse(now);
    anchor
        .attributeClaims()
        .forEach((claim, attribute) -> {
          JsonNode value = jwt.claims().path(claim);
          if (!value.isMissingNode() && !value.isNull()) {
            attributes.put(attribute, new Attribute(value, "claim", at));
          }
        });
    return attributes;
  }

  private static @Nullable String mail(Anchor anchor, VerifiedJwt jwt) {
    JsonNode isVerified = jwt.claims().path("email_verified");
    for (String claim : anchor.mailClaims()) {
      String address = jwt.text(claim).orElse("");
      boolean disowned =
          claim.equals("email")
              && !isVerified.isMissingNode()
              && !(isVerified.isBoolean() && isVerified.booleanValue());
      if (!disowned && MailAddress.isDeliverable(address)) {
        return address;
      }
    }
    return null;
  }

  private record Trusted(Anchor anchor, JwtVerifier verifier) {}

  /// How the check of a subject token ended.
  sealed interface SubjectCheck {
    /// The token is good, and this is its person.
    record Verified(Subject subject, VerifiedJwt jwt) implements SubjectCheck {}

    /// The token is not accepted.
    record Rejected(String reason) implements SubjectCheck {}

    /// The issuer's keys cannot be had.
    record Unavailable(String reason) implements SubjectCheck {}
  }
}
