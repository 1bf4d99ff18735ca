package dev.countersign.sts;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/// A trust anchor: an issuer whose tokens we accept as subject tokens, and what they must look
/// like.
///
/// @param name the first half of a subject key, such as `entra`; lower-case letters, digits,
///   hyphens
/// @param issuer the exact `iss`
/// @param jwksUri where the issuer's keys are
/// @param tokenType the `subject_token_type` that names this anchor, such as
///   `urn:entra:token-type:user-jwt`
/// @param audiences the exact `aud` values accepted
/// @param types accepted `typ` headers; the empty text stands for an absent one
/// @param algorithms accepted `alg` values
/// @param subjectClaim the one claim that names the person for ever, such as `oid` or `uid`; there
///   is no fallback, since a second spelling of a person would walk around a closed gate
/// @param mailClaims claims that may hold the person's address, in order of preference; they are
///   trusted for delivery, never for identity
/// @param attributeClaims claim to attribute: what policy may know from the token
/// @param requiredClaims claims that must be exactly these texts, such as `ver` and `tid`
/// @param authorizedParties accepted `azp`, `appid`, `cid` or `client_id` of the sign-in; empty
///   accepts any
/// @param leeway tolerated difference between clocks
/// @param maxAge the longest accepted time since `iat`, or zero for no limit
public record Anchor(
    String name,
    String issuer,
    URI jwksUri,
    String tokenType,
    Set<String> audiences,
    Set<String> types,
    Set<String> algorithms,
    String subjectClaim,
    List<String> mailClaims,
    Map<String, String> attributeClaims,
    Map<String, String> requiredClaims,
    Set<String> authorizedParties,
    Duration leeway,
    Duration maxAge) {
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,31}");

  /// @throws IllegalArgumentException naming every problem at once, one per line
  public Anchor {
    var problems = new ArrayList<String>();
    if (!NAME.matcher(name).matches()) {
      problems.add("an anchor's name must be lower-case letters, digits and hyphens");
    }
    if (issuer.isBlank()) {
      problems.add("anchor " + name + ": issuer is missing");
    }
    if (!Addresses.isWeb(jwksUri)) {
      problems.add(
          "anchor " + name + ": jwks-uri must be an https URL, or http on the loopback interface");
    }
    if (!tokenType.contains(":")) {
      problems.add("anchor " + name + ": token-type must be a URI");
    }
    if (tokenType.startsWith("urn:ietf:params:oauth:token-type:access_token")) {
      problems.add("anchor " + name + ": that token-type means tokens of this service itself");
    }
    if (audiences.isEmpty()) {
      problems.add("anchor " + name + ": audiences must name at least one audience");
    }
    if (types.isEmpty()) {
      problems.add("anchor " + name + ": types must name at least one `typ`");
    }
    if (algorithms.isEmpty()) {
      problems.add("anchor " + name + ": algorithms must name at least one algorithm");
    }
    if (subjectClaim.isBlank()) {
      problems.add("anchor " + name + ": subject-claim is missing");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
    audiences = Set.copyOf(audiences);
    types = Set.copyOf(types);
    algorithms = Set.copyOf(algorithms);
    mailClaims = List.copyOf(mailClaims);
    attributeClaims = Map.copyOf(attributeClaims);
    requiredClaims = Map.copyOf(requiredClaims);
    authorizedParties = Set.copyOf(authorizedParties);
  }
}
