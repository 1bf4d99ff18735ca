package dev.countersign.gateway;

import dev.countersign.box.IssuerKeys;
import dev.countersign.protocol.JwtRules;
import java.util.ArrayList;
import java.util.Set;

/// An issuer whose access tokens open this gateway. The audience is always checked; there is no
/// switch.
///
/// @param name the first half of the subject key, such as `entra`
/// @param form issuer, audiences, `typ`, `alg` and times of its tokens
/// @param keys where its keys are
/// @param subjectClaim the claim with the person's stable id, such as `oid` or `uid`
/// @param tokenType the `subject_token_type` under which the STS knows this issuer
/// @param scopes what a token must have to use this endpoint at all; may be empty
public record Anchor(
    String name,
    JwtRules form,
    IssuerKeys keys,
    String subjectClaim,
    String tokenType,
    Set<String> scopes) {
  /// @throws IllegalArgumentException naming every problem at once, one per line
  public Anchor {
    scopes = Set.copyOf(scopes);
    var problems = new ArrayList<String>();
    if (name.isEmpty() || name.contains("|")) {
      problems.add("an anchor's name must have at least one character and no `|`");
    }
    if (form.issuer().isEmpty()) {
      problems.add("an anchor needs its issuer");
    }
    if (form.audiences().contains("")) {
      problems.add("an anchor needs at least one audience: the check cannot be switched off");
    }
    if (subjectClaim.isEmpty() || tokenType.isEmpty()) {
      problems.add("an anchor needs a subject claim and a token type");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
  }

  /// The exact `iss`.
  public String issuer() {
    return form.issuer();
  }
}
