package dev.countersign.sts;

import dev.countersign.policy.Attribute;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.sts.SubjectTokens.SubjectCheck;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonPointer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads the person from the verified claims of one anchor's tokens. Threads may share it.
final class SubjectClaims {
  private static final int MAX_STABLE_ID = 255;
  private static final long MAX_SECONDS = 253_402_300_799L;
  private static final List<String> PARTY_CLAIMS = List.of("azp", "appid", "cid", "client_id");
  private static final List<String> ID_TOKEN_CLAIMS = List.of("nonce", "at_hash", "c_hash");
  private static final List<String> AUTHENTICATION = List.of("auth_time", "acr", "amr");
  private static final Pattern PHONE = Pattern.compile("\\+[1-9][0-9]{6,14}");

  private final Anchor anchor;
  private final Map<String, JsonPointer> attributes = new LinkedHashMap<>();

  SubjectClaims(Anchor anchor) {
    this.anchor = anchor;
    anchor
        .claims()
        .attributes()
        .forEach((attribute, claim) ->
            attributes.put(
                attribute,
                claim.startsWith("/")
                    ? JsonPointer.compile(claim)
                    : JsonPointer.empty().appendProperty(claim)));
  }

  SubjectCheck read(VerifiedJwt jwt, Instant now) {
    String wrong = unmet(jwt);
    if (wrong != null) {
      return new SubjectCheck.Rejected(wrong);
    }
    String stableId = jwt.text(anchor.claims().subject()).orElse("");
    if (!isStableId(stableId)) {
      return new SubjectCheck.Rejected(
          "`"
              + anchor.claims().subject()
              + "` must be a text of 1 to 255 visible characters, since it names the person");
    }
    JsonNode authTime = jwt.claims().path("auth_time");
    if (!authTime.isMissingNode() && !isTime(authTime)) {
      return new SubjectCheck.Rejected("`auth_time` must be whole seconds since 1970");
    }
    var subject =
        new Subject(
            anchor.keyOf(stableId),
            anchor.name(),
            anchor.issuer(),
            stableId,
            jwt.expiresAt(),
            authTime.isMissingNode() ? null : Instant.ofEpochSecond(authTime.longValue()),
            authentication(jwt.claims()),
            attributes(jwt, now),
            mail(jwt),
            phone(jwt));
    return new SubjectCheck.Verified(subject, jwt);
  }

  /// What the anchor demands and the token does not say, or null.
  private @Nullable String unmet(VerifiedJwt jwt) {
    Anchor.Demands demands = anchor.demands();
    for (var required : demands.equal().entrySet()) {
      if (!required.getValue().equals(jwt.text(required.getKey()).orElse(null))) {
        return "`" + required.getKey() + "` is not what this trust anchor requires";
      }
    }
    for (String required : demands.present()) {
      if (!jwt.claims().has(required)) {
        return "`" + required + "` is missing, so this is not an access token of a person";
      }
    }
    if (!demands.acceptsIdTokens() && ID_TOKEN_CLAIMS.stream().anyMatch(jwt.claims()::has)) {
      return "this is an ID token; an access token is expected here";
    }
    return isAuthorizedParty(jwt)
        ? null
        : "the token was issued to an application not accepted here";
  }

  private boolean isAuthorizedParty(VerifiedJwt jwt) {
    if (anchor.demands().authorizedParties().isEmpty()) {
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
                party.isString()
                    && anchor.demands().authorizedParties().contains(party.stringValue()));
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
    for (String name : AUTHENTICATION) {
      if (claims.has(name)) {
        copy.set(name, claims.path(name).deepCopy());
      }
    }
    return copy;
  }

  private Map<String, Attribute> attributes(VerifiedJwt jwt, Instant now) {
    var found = new LinkedHashMap<String, Attribute>();
    Instant at = jwt.issuedAt().orElse(now);
    attributes.forEach((attribute, claim) -> {
      JsonNode value = jwt.claims().at(claim);
      if (!value.isMissingNode() && !value.isNull()) {
        found.put(attribute, new Attribute(value, Attribute.CLAIM, at));
      }
    });
    return found;
  }

  private @Nullable String mail(VerifiedJwt jwt) {
    for (String claim : anchor.claims().mail()) {
      String address = jwt.text(claim).orElse("");
      boolean disowned = claim.equals("email") && isDisowned(jwt, "email_verified");
      if (!disowned && MailAddress.isDeliverable(address)) {
        return address;
      }
    }
    return null;
  }

  private @Nullable String phone(VerifiedJwt jwt) {
    for (String claim : anchor.claims().phone()) {
      String number = jwt.text(claim).orElse("");
      boolean disowned = claim.equals("phone_number") && isDisowned(jwt, "phone_number_verified");
      if (!disowned && PHONE.matcher(number).matches()) {
        return number;
      }
    }
    return null;
  }

  /// Whether the issuer says that it has not checked an address.
  private static boolean isDisowned(VerifiedJwt jwt, String flag) {
    JsonNode isVerified = jwt.claims().path(flag);
    return !isVerified.isMissingNode() && !(isVerified.isBoolean() && isVerified.booleanValue());
  }
}
