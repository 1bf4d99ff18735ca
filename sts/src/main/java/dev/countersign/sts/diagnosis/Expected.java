package dev.countersign.sts.diagnosis;

import dev.countersign.sts.Anchor;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What a trust anchor takes, as far as a token shows it.
public record Expected(
    String issuer,
    Set<String> audiences,
    Set<String> types,
    Set<String> algorithms,
    String subjectClaim,
    List<String> mailClaims,
    Map<String, String> requiredClaims,
    Set<String> authorizedParties,
    Duration leeway) {

  public static Expected of(Anchor anchor) {
    return new Expected(
        anchor.issuer(),
        anchor.audiences(),
        anchor.types(),
        anchor.algorithms(),
        anchor.subjectClaim(),
        anchor.mailClaims(),
        anchor.requiredClaims(),
        anchor.authorizedParties(),
        anchor.leeway());
  }
}
