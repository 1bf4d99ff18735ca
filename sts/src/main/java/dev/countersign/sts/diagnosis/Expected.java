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
    Duration leeway,
    Set<String> companions,
    Set<String> present,
    boolean acceptsIdTokens) {

  /// What an anchor takes whose tokens are for one audience and need no particular claim.
  public Expected(
      String issuer,
      Set<String> audiences,
      Set<String> types,
      Set<String> algorithms,
      String subjectClaim,
      List<String> mailClaims,
      Map<String, String> requiredClaims,
      Set<String> authorizedParties,
      Duration leeway) {
    this(
        issuer,
        audiences,
        types,
        algorithms,
        subjectClaim,
        mailClaims,
        requiredClaims,
        authorizedParties,
        leeway,
        Set.of(),
        Set.of(),
        false);
  }

  public static Expected of(Anchor anchor) {
    return new Expected(
        anchor.issuer(),
        anchor.form().audiences(),
        anchor.form().types(),
        anchor.form().algorithms(),
        anchor.claims().subject(),
        anchor.claims().mail(),
        anchor.demands().equal(),
        anchor.demands().authorizedParties(),
        anchor.form().leeway(),
        anchor.form().companions(),
        anchor.demands().present(),
        anchor.demands().acceptsIdTokens());
  }
}
