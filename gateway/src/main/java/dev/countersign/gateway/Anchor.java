package dev.countersign.gateway;

import dev.countersign.protocol.JwtRules;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Set;

/// An issuer whose access tokens open this gateway. The audience is always checked; there is no
/// switch.
///
/// @param name the first half of the subject key, such as `entra`
/// @param issuer the exact `iss`
/// @param keys where its JWKS is
/// @param audiences the exact `aud` values that name this gateway at that issuer
/// @param types accepted `typ` headers; the empty text stands for an absent one
/// @param algorithms accepted `alg` values
/// @param subjectClaim the claim with the person's stable id, such as `oid` or `uid`
/// @param tokenType the `subject_token_type` under which the STS knows this issuer
/// @param scopes what a token must have to use this endpoint at all; may be empty
public record Anchor(
    String name,
    String issuer,
    URI keys,
    Set<String> audiences,
    Set<String> types,
    Set<String> algorithms,
    String subjectClaim,
    String tokenType,
    Set<String> scopes) {
  private static final Duration LEEWAY = Duration.ofSeconds(30);

  /// @throws IllegalArgumentException naming every problem at once, one per line
  public Anchor {
    audiences = Set.copyOf(audiences);
    types = Set.copyOf(types);
    algorithms = Set.copyOf(algorithms);
    scopes = Set.copyOf(scopes);
    var problems = new ArrayList<String>();
    if (name.isEmpty() || name.contains("|")) {
      problems.add("an anchor's name must have at least one character and no `|`");
    }
    if (issuer.isEmpty()) {
      problems.add("an anchor needs its issuer");
    }
    if (audiences.isEmpty() || audiences.contains("")) {
      problems.add("an anchor needs at least one audience: the check cannot be switched off");
    }
    if (subjectClaim.isEmpty() || tokenType.isEmpty()) {
      problems.add("an anchor needs a subject claim and a token type");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
  }

  JwtRules rules() {
    return new JwtRules(issuer, audiences, types, algorithms, LEEWAY, Duration.ZERO);
  }
}
