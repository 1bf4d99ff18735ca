package dev.countersign.sts.diagnosis;

import static dev.countersign.sts.diagnosis.Finding.problem;

import dev.countersign.box.IssuerKeys;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerificationKeys;
import dev.countersign.sts.Anchor;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Compares a trust anchor with what its issuer publishes: the discovery document and the keys.
public final class IssuerDoctor {
  private final String issuer;
  private final String jwks;
  private final Set<String> algorithms;
  private final boolean meansVersion1;

  /// @param issuer the anchor's
  /// @param jwks where the anchor says that the keys are; empty where it lets discovery say
  /// @param meansVersion1 whether the anchor asks for Entra's version 1 tokens on purpose
  public IssuerDoctor(String issuer, String jwks, Set<String> algorithms, boolean meansVersion1) {
    this.issuer = issuer;
    this.jwks = jwks;
    this.algorithms = Set.copyOf(algorithms);
    this.meansVersion1 = meansVersion1;
  }

  /// Looks at what an anchor says of its issuer.
  public static IssuerDoctor of(Anchor anchor) {
    return new IssuerDoctor(
        anchor.issuer(),
        anchor.keys().place() instanceof IssuerKeys.Place.At(URI address) ? address.toString() : "",
        anchor.form().algorithms(),
        "1.0".equals(anchor.demands().equal().get("ver")));
  }

  /// Where the discovery document is.
  ///
  /// @spec https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig OIDC Discovery
  public String discovery() {
    return (issuer.endsWith("/") ? issuer.substring(0, issuer.length() - 1) : issuer)
        + "/.well-known/openid-configuration";
  }

  /// Looks at the anchor alone, where its issuer publishes nothing or is not asked.
  public List<Finding> examine() {
    var findings = new ArrayList<Finding>();
    if (issuer.contains("{tenantid}")
        || issuer.contains("/common")
        || issuer.contains("/organizations")) {
      findings.add(problem(Code.ENTRA_TEMPLATE, "the anchor's issuer is of no single tenant"));
    }
    boolean isVersion1 =
        issuer.startsWith("https://sts.windows.net/")
            || (jwks.contains("/discovery/keys") && !jwks.contains("/v2.0/"));
    if (isVersion1 && !meansVersion1) {
      findings.add(problem(Code.ENTRA_ANCHOR_V1, "issuer or jwks is that of version 1"));
    }
    return List.copyOf(findings);
  }

  /// Whether an issuer without a discovery document is as it should be: the anchor says itself
  /// where the keys are, so nothing else is needed. An Okta server that exists always has one.
  public boolean isEnoughWithout(Optional<Published> document) {
    return !jwks.isEmpty()
        && !issuer.contains("/oauth2/")
        && document.filter(answer -> answer.status() == 200).isEmpty();
  }

  /// Looks at the anchor and the answer to [#discovery].
  public List<Finding> examine(Optional<Published> document) {
    var findings = new ArrayList<>(examine());
    if (isEnoughWithout(document)) {
      return List.copyOf(findings);
    }
    if (document.isEmpty()) {
      findings.add(problem(Code.AWAY, "no answer from " + discovery()));
      return List.copyOf(findings);
    }
    if (document.get().status() != 200) {
      findings.add(
          problem(
              issuer.contains("/oauth2/") ? Code.OKTA_NO_SERVERS : Code.TOKEN_ISSUER,
              discovery() + " answers " + document.get().status()));
      return List.copyOf(findings);
    }
    try {
      compare(StrictJson.parseObject(document.get().body()), findings);
    } catch (MalformedJsonException malformed) {
      findings.add(
          problem(
              Code.TOKEN_ISSUER,
              discovery() + " is no discovery document: " + malformed.getMessage()));
    }
    return List.copyOf(findings);
  }

  private void compare(ObjectNode metadata, List<Finding> findings) {
    String published = metadata.path("issuer").asString("");
    if (published.contains("{tenantid}")) {
      findings.add(problem(Code.ENTRA_TEMPLATE, "the published issuer is a template"));
    } else if (!published.equals(issuer)) {
      findings.add(
          (published + "/").equals(issuer) || published.equals(issuer + "/")
              ? problem(
                  Code.ISSUER_SLASH, "only one of the anchor's and the published issuer ends in /")
              : problem(Code.TOKEN_ISSUER, "the published issuer is " + published));
    }
    String keys = metadata.path("jwks_uri").asString("");
    if (!jwks.isEmpty() && !keys.equals(jwks)) {
      findings.add(
          problem(
              issuer.contains("/oauth2/") ? Code.OKTA_OTHER_SERVER : Code.ENTRA_ANCHOR_V1,
              "the anchor's jwks is not the published jwks_uri " + keys));
    }
    if (isOrg(metadata)) {
      findings.add(problem(Code.OKTA_ORG, "the issuer is Okta's org authorization server"));
    }
    var offered = new TreeSet<String>();
    for (JsonNode name : metadata.path("id_token_signing_alg_values_supported")) {
      offered.add(name.asString(""));
    }
    if (!offered.isEmpty() && algorithms.stream().noneMatch(offered::contains)) {
      findings.add(problem(Code.TOKEN_ALGORITHM, "the issuer signs with " + offered));
    }
  }

  private boolean isOrg(ObjectNode metadata) {
    return !issuer.contains("/oauth2/")
        && metadata.path("token_endpoint").asString("").equals(issuer + "/oauth2/v1/token");
  }

  /// Where the issuer says that its keys are; empty where it says nothing.
  public static String keysOf(Published document) {
    try {
      return StrictJson.parseObject(document.body()).path("jwks_uri").asString("");
    } catch (MalformedJsonException malformed) {
      return "";
    }
  }

  /// Looks at the answer to the request for the keys.
  public List<Finding> examineKeys(String address, Optional<Published> answer) {
    if (answer.isEmpty() || answer.get().status() != 200) {
      return List.of(problem(Code.AWAY, "no keys from " + address));
    }
    try {
      VerificationKeys keys = VerificationKeys.parse(StrictJson.parseObject(answer.get().body()));
      return keys.isEmpty()
          ? List.of(problem(Code.TOKEN_SIGNATURE, "no key at " + address + " may verify"))
          : List.of();
    } catch (MalformedJsonException malformed) {
      return List.of(problem(Code.TOKEN_SIGNATURE, address + ": " + malformed.getMessage()));
    }
  }

  /// What an address answered.
  public record Published(int status, String body) {}
}
