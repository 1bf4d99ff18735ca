package dev.countersign.sts;

import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.SpiffeId;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What differs from one kind of identity provider to the next: the form of its issuer, the claim
/// that names a person for ever, where addresses stand, and what tells an access token of a person
/// from its other tokens. Configuration can overrule each of these.
public enum AnchorPreset {
  /// Microsoft Entra ID. `sub` differs from application to application, so the person is `oid` in
  /// the tenant that `tid` fixes. Tokens of an application without a person, and ID tokens, have no
  /// `scp`.
  ENTRA,
  /// Okta, a custom authorization server. `sub` is the login, which can change; `uid` cannot.
  OKTA,
  /// IBM Verify as the sign-in.
  VERIFY,
  /// PingOne; PingFederate and PingAM with `issuer`.
  PING,
  /// Transmit Security Mosaic. All its tenants share one issuer, so `tid` is fixed too.
  TRANSMIT,
  /// Keycloak. The claim `typ` tells its access tokens (`Bearer`) from its others.
  KEYCLOAK,
  /// Auth0. With the scope `openid` its access tokens are for its own userinfo as well.
  AUTH0,
  /// Google. Its access tokens are for Google alone, so its ID tokens are what is exchanged.
  GOOGLE,
  /// A SPIFFE trust domain, whose JWT-SVIDs name workloads: for `actor_token`. Its keys are its
  /// bundle, never where a token's `iss` points.
  SPIFFE,
  /// Any other issuer.
  OIDC;

  private static final String ENTRA_AUTHORITY = "https://login.microsoftonline.com";

  /// What its tokens look like.
  public Shape shape() {
    return switch (this) {
      case ENTRA ->
          new Shape(
              List.of("tenant", "version", "authority"),
              Set.of("JWT"),
              Set.of("RS256"),
              "oid",
              List.of("email", "preferred_username"),
              List.of("phone_number"),
              Set.of("scp"),
              "");
      case OKTA ->
          new Shape(
              List.of("domain", "server"),
              Set.of("", "JWT", "at+jwt"),
              Set.of("RS256"),
              "uid",
              List.of("email"),
              List.of("phone_number"),
              Set.of("scp"),
              "/v1/introspect");
      case VERIFY ->
          new Shape(
              List.of("domain"),
              Set.of("", "JWT", "at+jwt"),
              Set.of("RS256"),
              "sub",
              List.of("email"),
              List.of("mobile_number", "phone_number"),
              Set.of("scope"),
              "/introspect");
      case PING ->
          new Shape(
              List.of("environment", "region"),
              Set.of("", "JWT", "at+jwt"),
              Set.of("RS256"),
              "sub",
              List.of("email"),
              List.of("phone_number"),
              Set.of("scope"),
              "/introspect");
      case TRANSMIT ->
          new Shape(
              List.of("tenant", "region"),
              Set.of("", "JWT", "at+jwt"),
              Set.of("RS256"),
              "sub",
              List.of("email"),
              List.of("phone_number"),
              Set.of("scope"),
              "");
      case KEYCLOAK ->
          new Shape(
              List.of("base", "realm"),
              Set.of("JWT", "at+jwt"),
              Set.of("RS256"),
              "sub",
              List.of("email"),
              List.of("phone_number"),
              Set.of(),
              "/protocol/openid-connect/token/introspect");
      case AUTH0 ->
          new Shape(
              List.of("domain"),
              Set.of("JWT", "at+jwt"),
              Set.of("RS256"),
              "sub",
              List.of("email"),
              List.of("phone_number"),
              Set.of("scope"),
              "");
      case GOOGLE ->
          new Shape(
              List.of("hosted-domain"),
              Set.of("JWT"),
              Set.of("RS256"),
              "sub",
              List.of("email"),
              List.of(),
              Set.of(),
              "");
      case SPIFFE ->
          new Shape(
              List.of("trust-domain"),
              JwtRules.SVID_TYPES,
              JwtRules.SVID_ALGORITHMS,
              "sub",
              List.of(),
              List.of(),
              Set.of(),
              "");
      case OIDC ->
          new Shape(
              List.of(),
              Set.of("", "JWT", "at+jwt"),
              Set.of("RS256", "PS256", "ES256"),
              "sub",
              List.of("email"),
              List.of("phone_number"),
              Set.of(),
              "");
    };
  }

  /// The issuer that the given parameters name, or the empty text where one is missing.
  ///
  /// @param given the values of [Shape#parameters] that the configuration has
  public String issuer(Map<String, String> given) {
    return switch (this) {
      case ENTRA -> {
        String tenant = given.getOrDefault("tenant", "");
        String issuer =
            given.getOrDefault("version", "2.0").equals("1.0")
                ? "https://sts.windows.net/" + tenant + "/"
                : given.getOrDefault("authority", ENTRA_AUTHORITY) + "/" + tenant + "/v2.0";
        yield tenant.isEmpty() ? "" : issuer;
      }
      case OKTA -> at(given, "domain", "/oauth2/" + given.getOrDefault("server", "default"));
      case VERIFY -> at(given, "domain", "/oauth2");
      case PING ->
          given.containsKey("environment")
              ? "https://auth.pingone."
                  + given.getOrDefault("region", "com")
                  + "/"
                  + given.getOrDefault("environment", "")
                  + "/as"
              : "";
      case TRANSMIT ->
          given.containsKey("region")
              ? "https://" + given.getOrDefault("region", "") + ".userid.security"
              : "https://userid.security";
      case KEYCLOAK ->
          given.containsKey("base") && given.containsKey("realm")
              ? given.getOrDefault("base", "") + "/realms/" + given.getOrDefault("realm", "")
              : "";
      case AUTH0 -> at(given, "domain", "/");
      case GOOGLE -> "https://accounts.google.com";
      case SPIFFE ->
          given.containsKey("trust-domain")
              ? "spiffe://" + given.getOrDefault("trust-domain", "")
              : "";
      case OIDC -> "";
    };
  }

  private static String at(Map<String, String> given, String host, String path) {
    return given.containsKey(host) ? "https://" + given.getOrDefault(host, "") + path : "";
  }

  /// The discovery document's address where it is not at its usual place, or the empty text.
  public String discovery(Map<String, String> given) {
    return switch (this) {
      case ENTRA ->
          given.getOrDefault("version", "2.0").equals("1.0")
              ? given.getOrDefault("authority", ENTRA_AUTHORITY)
                  + "/"
                  + given.getOrDefault("tenant", "")
                  + "/.well-known/openid-configuration"
              : "";
      case TRANSMIT ->
          "https://api."
              + (given.containsKey("region") ? given.getOrDefault("region", "") + "." : "")
              + "transmitsecurity.io/cis/oidc/.well-known/openid-configuration";
      case OKTA, VERIFY, PING, KEYCLOAK, AUTH0, GOOGLE, SPIFFE, OIDC -> "";
    };
  }

  /// Hosts beside that of the discovery document on which its keys lie.
  public Set<String> keyHosts() {
    return this == GOOGLE ? Set.of("www.googleapis.com") : Set.of();
  }

  /// Claims that must be exactly so.
  public Map<String, String> equal(Map<String, String> given) {
    return switch (this) {
      case ENTRA ->
          Map.of(
              "ver", given.getOrDefault("version", "2.0"), "tid", given.getOrDefault("tenant", ""));
      case TRANSMIT -> Map.of("tid", given.getOrDefault("tenant", ""));
      case KEYCLOAK -> Map.of("typ", "Bearer");
      case GOOGLE ->
          given.containsKey("hosted-domain")
              ? Map.of("hd", given.getOrDefault("hosted-domain", ""))
              : Map.of();
      case OKTA, VERIFY, PING, AUTH0, SPIFFE, OIDC -> Map.of();
    };
  }

  /// Audiences that may stand beside ours.
  public Set<String> companions(String issuer) {
    return this == AUTH0 ? Set.of(issuer + "userinfo") : Set.of();
  }

  /// Whether its tokens are ID tokens.
  public boolean acceptsIdTokens() {
    return this == GOOGLE;
  }

  /// What is wrong with an issuer and audiences of this kind, or the empty text.
  public String problem(Map<String, String> given, String issuer, Set<String> audiences) {
    return switch (this) {
      case ENTRA -> entraProblem(given, issuer, audiences);
      case OKTA ->
          issuer.contains("/oauth2/")
              ? ""
              : "tokens of Okta's org authorization server are for Okta alone; use a custom one, whose"
                  + " issuer ends with /oauth2/default or /oauth2/<id>";
      case TRANSMIT ->
          given.containsKey("tenant") ? "" : "tenant is missing: all tenants share one issuer";
      case SPIFFE ->
          SpiffeId.isTrustDomain(issuer)
              ? ""
              : "trust-domain must be a name in lower case, such as example.org";
      case VERIFY, PING, KEYCLOAK, AUTH0, GOOGLE, OIDC -> "";
    };
  }

  /// Whether an issuer of this kind has a discovery document.
  public boolean hasDiscovery() {
    return this != SPIFFE;
  }

  private static String entraProblem(
      Map<String, String> given, String issuer, Set<String> audiences) {
    if (!given.getOrDefault("tenant", "").matches("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")) {
      return "tenant must be the tenant's id, a GUID in lower case; common and organizations name no"
          + " one tenant";
    }
    if (!List.of("1.0", "2.0").contains(given.getOrDefault("version", "2.0"))) {
      return "version must be 2.0, or 1.0 for an API that still gets version 1 tokens";
    }
    if (!issuer.contains(given.getOrDefault("tenant", ""))) {
      return "issuer must be that of the tenant";
    }
    if (audiences.stream()
        .anyMatch(audience ->
            audience.startsWith("00000003-0000-0000-c000-")
                || audience.startsWith("https://graph.microsoft.com"))) {
      return "tokens for Microsoft Graph are for Graph alone; expose an API of your own";
    }
    if (given.getOrDefault("version", "2.0").equals("2.0")
        && audiences.stream().anyMatch(audience -> audience.contains(":"))) {
      return "the aud of a version 2 token is the application id, not its api:// address";
    }
    return "";
  }

  /// What the tokens of one kind of identity provider look like.
  ///
  /// @param parameters keys of the configuration that make up the issuer
  /// @param types accepted `typ` headers; the empty text stands for an absent one
  /// @param algorithms accepted `alg` values
  /// @param subject the claim that names a person for ever
  /// @param mail claims with the person's address, in order
  /// @param phone claims with the person's number, in order
  /// @param present claims that an access token of a person has and other tokens have not
  /// @param introspection the path of the introspection endpoint below the issuer, or empty
  public record Shape(
      List<String> parameters,
      Set<String> types,
      Set<String> algorithms,
      String subject,
      List<String> mail,
      List<String> phone,
      Set<String> present,
      String introspection) {}
}
