package dev.countersign.sts.diagnosis;

import static dev.countersign.sts.diagnosis.Finding.problem;
import static dev.countersign.sts.diagnosis.Finding.warning;

import dev.countersign.protocol.CompactJws;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.SpiffeId;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Says what is wrong with a token, from the token alone and from what the trust anchor expects.
/// Nothing in the token is believed; nothing of a person leaves it.
public final class TokenDoctor {
  private static final Set<String> GRAPH =
      Set.of(
          "00000003-0000-0000-c000-000000000000",
          "https://graph.microsoft.com",
          "https://graph.microsoft.com/",
          "https://graph.microsoft.us",
          "https://microsoftgraph.chinacloudapi.cn");
  private static final Pattern GUID =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
  private static final Pattern ADDRESS = Pattern.compile("[^@\\s]+@[^@\\s]+\\.[^@\\s]+");
  private static final Duration SHORT_LIFE = Duration.ofMinutes(5);
  private static final long MILLISECONDS = 100_000_000_000L; // as seconds, the year 5138

  private final @Nullable Expected expected;
  private final Instant now;

  /// @param expected what the trust anchor takes; null looks at the token alone
  public TokenDoctor(@Nullable Expected expected, Instant now) {
    this.expected = expected;
    this.now = now;
  }

  /// Everything that is wrong, the cause before its consequences.
  ///
  /// @param token as it was pasted; white space around it is forgiven
  public List<Finding> examine(String token) {
    ObjectNode header;
    ObjectNode claims;
    try {
      CompactJws jws = CompactJws.parse(token.strip());
      header = jws.header();
      claims = jws.unverifiedClaims();
    } catch (MalformedJsonException malformed) {
      return List.of(problem(Code.TOKEN_FORM, String.valueOf(malformed.getMessage())));
    }
    var findings = new ArrayList<Finding>();
    if (claims.path("events").isObject()) {
      event(claims, findings);
      return List.copyOf(findings);
    }
    entra(header, claims, findings);
    okta(header, claims, findings);
    anchor(header, claims, findings);
    times(claims, findings);
    person(claims, findings);
    delegation(claims, findings);
    return List.copyOf(findings);
  }

  private void entra(ObjectNode header, ObjectNode claims, List<Finding> findings) {
    if (!isEntra(claims)) {
      return;
    }
    String version = claims.path("ver").asString("");
    boolean isForGraph = audience(claims).stream().anyMatch(GRAPH::contains);
    if (isForGraph) {
      findings.add(problem(Code.ENTRA_GRAPH, "`aud` is Microsoft Graph"));
    }
    if (header.has("nonce")) {
      findings.add(problem(Code.ENTRA_NONCE, "the JOSE header has `nonce`"));
    }
    boolean wantsVersion1 = expected != null && isVersion1(expected.issuer());
    if (version.equals("1.0") && !wantsVersion1 && !isForGraph) {
      findings.add(problem(Code.ENTRA_V1, "`ver` is 1.0, and `iss` is that of version 1"));
      if (expected != null && expected.issuer().endsWith("/v2.0")) {
        findings.add(
            problem(
                Code.ENTRA_RESOURCE_DECIDES, "the anchor is of version 2, the token of version 1"));
      }
    }
    if (version.equals("2.0") && wantsVersion1) {
      findings.add(problem(Code.ENTRA_ANCHOR_V1, "the anchor's issuer is that of version 1"));
    }
    if (!isForGraph) {
      audienceForm(version, claims, findings);
    }
    if (!claims.path("oid").isString()) {
      findings.add(problem(Code.ENTRA_NO_OID, "`oid` is missing"));
    }
    if (expected != null && expected.subjectClaim().equals("sub")) {
      findings.add(problem(Code.ENTRA_PAIRWISE, "the anchor's subject is `sub`"));
    }
    if (isGuest(claims)
        && expected != null
        && Set.of("email", "upn", "unique_name", "preferred_username")
            .contains(expected.subjectClaim())) {
      findings.add(
          problem(
              Code.ENTRA_GUEST_KEY,
              "the person is a guest, and the anchor's subject is `"
                  + expected.subjectClaim()
                  + "`"));
    } else if (isGuest(claims)) {
      findings.add(warning(Code.ENTRA_REVOKED, "the person is a guest"));
    }
    if (findings.stream().anyMatch(finding -> finding.severity() == Finding.Severity.PROBLEM)) {
      findings.add(warning(Code.ENTRA_LATE, "sign-in does not show this; the exchange does"));
    }
  }

  private void audienceForm(String version, ObjectNode claims, List<Finding> findings) {
    if (expected == null || audience(claims).stream().anyMatch(expected.audiences()::contains)) {
      return;
    }
    boolean isGuid = audience(claims).stream().anyMatch(aud -> GUID.matcher(aud).matches());
    boolean wantsGuid = expected.audiences().stream().anyMatch(aud -> GUID.matcher(aud).matches());
    if (isGuid != wantsGuid) {
      findings.add(
          problem(
              Code.ENTRA_AUDIENCE_FORM,
              "`aud` of this version "
                  + (version.equals("1.0") ? "1.0" : "2.0")
                  + " token is "
                  + (isGuid ? "a GUID" : "a URI")
                  + ", the anchor lists "
                  + (wantsGuid ? "a GUID" : "a URI")));
    }
  }

  private void okta(ObjectNode header, ObjectNode claims, List<Finding> findings) {
    if (!isOkta(claims)) {
      return;
    }
    String issuer = claims.path("iss").asString("");
    if (!issuer.contains("/oauth2/")) {
      findings.add(problem(Code.OKTA_ORG, "`iss` is the org, without /oauth2/..."));
      findings.add(
          problem(
              Code.OKTA_ORG_TOKEN,
              header.path("typ").asString("").contains("okta-internal")
                  ? "`typ` says that the token is internal to Okta"
                  : "keys of org access tokens are not published"));
    } else if (expected != null
        && !expected.issuer().equals(issuer)
        && host(issuer).equals(host(expected.issuer()))) {
      findings.add(
          problem(Code.OKTA_OTHER_SERVER, "`iss` is another server of the anchor's own org"));
    }
    if (expected != null
        && audience(claims).contains("api://default")
        && !expected.audiences().contains("api://default")) {
      findings.add(problem(Code.OKTA_DEFAULT_AUDIENCE, "`aud` is api://default"));
    }
    life(claims)
        .filter(life -> life.compareTo(SHORT_LIFE) > 0)
        .ifPresent(life ->
            findings.add(
                warning(Code.OKTA_LONG_LIFE, "it lives " + life.toMinutes() + " minutes")));
  }

  private void anchor(ObjectNode header, ObjectNode claims, List<Finding> findings) {
    if (expected == null) {
      return;
    }
    String algorithm = header.path("alg").asString("");
    if (!expected.algorithms().contains(algorithm)) {
      findings.add(
          problem(
              Code.TOKEN_ALGORITHM, "`alg` is not among " + new TreeSet<>(expected.algorithms())));
    }
    String typ = header.path("typ").asString("").toLowerCase(Locale.ROOT);
    String plain = typ.startsWith("application/") ? typ.substring("application/".length()) : typ;
    if (expected.types().stream().noneMatch(plain::equalsIgnoreCase)) {
      findings.add(problem(Code.TOKEN_TYPE, "`typ` is not one of the anchor's types"));
    }
    String issuer = claims.path("iss").asString("");
    if (SpiffeId.isTrustDomain(expected.issuer())) {
      workload(header, claims, expected.issuer(), findings);
    } else if (!issuer.equals(expected.issuer())) {
      findings.add(
          (issuer + "/").equals(expected.issuer()) || issuer.equals(expected.issuer() + "/")
              ? problem(Code.ISSUER_SLASH, "only one of `iss` and the anchor's issuer ends in /")
              : problem(
                  Code.TOKEN_ISSUER, "`iss` is not the anchor's issuer " + expected.issuer()));
    }
    List<String> audience = audience(claims);
    boolean isForUs = audience.stream().anyMatch(expected.audiences()::contains);
    boolean isForOthers =
        audience.stream()
            .anyMatch(
                aud -> !expected.audiences().contains(aud) && !expected.companions().contains(aud));
    if (!isForUs || isForOthers || (audience.size() > 1 && expected.companions().isEmpty())) {
      findings.add(
          problem(
              Code.TOKEN_AUDIENCE, "`aud` is not among " + new TreeSet<>(expected.audiences())));
    }
    expected
        .requiredClaims()
        .forEach((name, value) -> {
          if (!value.equals(claims.path(name).asString(""))) {
            findings.add(
                problem(Code.TOKEN_CLAIM, "`" + name + "` is not what the anchor requires"));
          }
        });
    if (!expected.acceptsIdTokens()
        && List.of("nonce", "at_hash", "c_hash").stream().anyMatch(claims::has)) {
      findings.add(problem(Code.TOKEN_ID, "it has `nonce` or `at_hash`, as ID tokens do"));
    }
    for (String name : new TreeSet<>(expected.present())) {
      if (!claims.has(name)) {
        findings.add(problem(Code.TOKEN_NO_PERSON, "`" + name + "` is missing"));
      }
    }
    Set<String> parties = parties(claims);
    if (!expected.authorizedParties().isEmpty()
        && (parties.isEmpty() || !expected.authorizedParties().containsAll(parties))) {
      findings.add(problem(Code.TOKEN_PARTY, "`azp` (`appid`, `cid`) is not one of the anchor's"));
    }
    if (!claims.path(expected.subjectClaim()).isString()) {
      findings.add(problem(Code.TOKEN_SUBJECT, "`" + expected.subjectClaim() + "` is missing"));
    }
  }

  private static void workload(
      ObjectNode header, ObjectNode claims, String trustDomain, List<Finding> findings) {
    if (SpiffeId.parse(claims.path("sub").asString(""))
        .filter(id -> id.trustDomain().equals(trustDomain))
        .isEmpty()) {
      findings.add(
          problem(Code.TOKEN_ISSUER, "`sub` is no SPIFFE ID of the anchor's " + trustDomain));
    }
    if (!header.has("kid")) {
      findings.add(problem(Code.TOKEN_HEADER, "`kid` is missing, which a JWT-SVID must have"));
    }
  }

  private void times(ObjectNode claims, List<Finding> findings) {
    for (String name : List.of("exp", "nbf", "iat")) {
      JsonNode time = claims.path(name);
      boolean isMissing = time.isMissingNode();
      if (isMissing ? name.equals("exp") : !time.isIntegralNumber() || !time.canConvertToLong()) {
        findings.add(problem(Code.TOKEN_TIMES, "`" + name + "` is missing or not whole seconds"));
        return;
      }
      if (!isMissing && time.longValue() < 0) {
        findings.add(problem(Code.TOKEN_TIMES, "`" + name + "` is before 1970"));
        return;
      }
      if (!isMissing && time.longValue() > MILLISECONDS) {
        findings.add(problem(Code.TOKEN_TIMES, "`" + name + "` is in milliseconds"));
        return;
      }
    }
    Duration leeway = expected == null ? Duration.ZERO : expected.leeway();
    Instant end = Instant.ofEpochSecond(claims.path("exp").longValue());
    if (!now.minus(leeway).isBefore(end)) {
      findings.add(
          problem(
              Code.TOKEN_EXPIRED,
              "it expired " + Duration.between(end, now).toMinutes() + " minutes ago"));
    }
    for (String name : List.of("nbf", "iat")) {
      JsonNode time = claims.path(name);
      if (isTime(time) && now.plus(leeway).isBefore(Instant.ofEpochSecond(time.longValue()))) {
        findings.add(problem(Code.TOKEN_CLOCK, "`" + name + "` is in the future"));
      }
    }
  }

  private void person(ObjectNode claims, List<Finding> findings) {
    List<String> mail =
        expected == null ? List.of("email", "preferred_username") : expected.mailClaims();
    boolean hasAddress =
        mail.stream().anyMatch(claim -> ADDRESS.matcher(claims.path(claim).asString("")).matches());
    if (!hasAddress && !mail.isEmpty()) {
      Code code =
          isEntra(claims)
              ? Code.ENTRA_NO_EMAIL
              : isOkta(claims) ? Code.OKTA_NO_EMAIL : Code.NO_ADDRESS;
      findings.add(warning(code, "none of " + mail + " holds an address"));
    }
  }

  private void delegation(ObjectNode claims, List<Finding> findings) {
    JsonNode mayAct = claims.path("may_act");
    if (mayAct.isArray() || mayAct.path("sub").isArray()) {
      findings.add(warning(Code.MAY_ACT, "`may_act` is an array; Verify compares one value"));
    }
    if (claims.has("cnf")) {
      findings.add(warning(Code.DPOP_USERINFO, "the token is bound to a key (`cnf`)"));
    }
    if (claims.has("authorization_details") && !claims.has("jti")) {
      findings.add(problem(Code.NO_JTI, "`jti` is missing"));
    }
    for (JsonNode element : claims.path("authorization_details")) {
      boolean isBusiness = !element.path("type").asString("").equals("vault:path_access");
      if (element.isObject() && isBusiness && !element.path("operationDetails").isObject()) {
        findings.add(problem(Code.DETAILS_OUTSIDE, "an element has no `operationDetails`"));
      }
    }
  }

  private static void event(ObjectNode claims, List<Finding> findings) {
    if (!claims.path("sub_id").isObject()) {
      findings.add(problem(Code.EVENT_SHAPE, "`sub_id` is not beside `events`"));
    }
    JsonNode time = claims.path("toe").isMissingNode() ? claims.path("iat") : claims.path("toe");
    boolean isLate = time.isIntegralNumber() && time.longValue() > MILLISECONDS;
    for (JsonNode event : claims.path("events")) {
      JsonNode at = event.path("event_timestamp");
      isLate |= at.isIntegralNumber() && at.longValue() > MILLISECONDS;
    }
    if (isLate) {
      findings.add(problem(Code.EVENT_SHAPE, "a time is in milliseconds"));
    }
    boolean isAboutStream =
        claims.path("events").propertyNames().stream().allMatch(uri -> uri.contains("/ssf/"));
    if (claims.path("sub_id").path("format").asString("").equals("opaque") && !isAboutStream) {
      findings.add(
          warning(Code.EVENT_SHAPE, "`sub_id` is opaque, with neither issuer nor address"));
    }
  }

  private static boolean isEntra(ObjectNode claims) {
    String issuer = claims.path("iss").asString("");
    return host(issuer).endsWith("login.microsoftonline.com")
        || host(issuer).equals("sts.windows.net")
        || (claims.has("tid") && claims.path("ver").isString());
  }

  private static boolean isOkta(ObjectNode claims) {
    String host = host(claims.path("iss").asString(""));
    return host.endsWith(".okta.com")
        || host.endsWith(".oktapreview.com")
        || host.endsWith(".okta-emea.com")
        || (claims.has("cid") && claims.path("ver").isIntegralNumber());
  }

  private static boolean isVersion1(String issuer) {
    return host(issuer).equals("sts.windows.net")
        || (host(issuer).endsWith("login.microsoftonline.com") && !issuer.endsWith("/v2.0"));
  }

  private static boolean isGuest(ObjectNode claims) {
    return List.of("upn", "unique_name", "preferred_username").stream()
        .anyMatch(claim -> claims.path(claim).asString("").contains("#EXT#"));
  }

  private static String host(String issuer) {
    try {
      String host = URI.create(issuer).getAuthority();
      return host == null ? "" : host.toLowerCase(Locale.ROOT);
    } catch (IllegalArgumentException malformed) {
      return "";
    }
  }

  private static Optional<Duration> life(ObjectNode claims) {
    JsonNode from = claims.path("iat");
    JsonNode to = claims.path("exp");
    return isTime(from) && isTime(to)
        ? Optional.of(Duration.ofSeconds(to.longValue() - from.longValue()))
        : Optional.empty();
  }

  private static boolean isTime(JsonNode time) {
    return time.isIntegralNumber()
        && time.canConvertToLong()
        && time.longValue() >= 0
        && time.longValue() <= MILLISECONDS;
  }

  private static List<String> audience(ObjectNode claims) {
    JsonNode value = claims.path("aud");
    if (value.isString()) {
      return List.of(value.stringValue());
    }
    var audience = new ArrayList<String>();
    value.forEach(entry -> audience.add(entry.asString("")));
    return audience;
  }

  private static Set<String> parties(ObjectNode claims) {
    var parties = new TreeSet<String>();
    for (String claim : List.of("azp", "appid", "cid", "client_id")) {
      if (claims.has(claim)) {
        parties.add(claims.path(claim).asString(""));
      }
    }
    return parties;
  }
}
