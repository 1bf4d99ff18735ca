package dev.countersign.protocol;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// What one kind of token from one issuer must look like. Rules of different kinds exclude each
/// other by `types`, so that no kind passes for another.
///
/// @param issuer the exact `iss`, or a SPIFFE trust domain, `spiffe://name`: its JWT-SVIDs need no
///   `iss`, their `sub` must lie in it, and their keys must be for JWT-SVIDs
/// @param audiences the exact values of which `aud` must be one; never empty
/// @param companions values that may stand in `aud` beside one of `audiences`, exactly; with none,
///   `aud` has one value
/// @param types accepted `typ` header values without `application/`, lower case; the empty text
///   stands for an absent `typ`
/// @param algorithms accepted `alg` values, asymmetric ones
/// @param leeway tolerated difference between clocks; at most 60 s
/// @param maxAge the longest accepted time since `iat`, or zero for no limit
/// @spec https://www.rfc-editor.org/rfc/rfc8725#section-3.12 RFC 8725 §3.12
public record JwtRules(
    String issuer,
    Set<String> audiences,
    Set<String> companions,
    Set<String> types,
    Set<String> algorithms,
    Duration leeway,
    Duration maxAge) {
  // No URI and no name of an audience has a control character.
  private static final String ANY_ONE = "\u0000any one";

  private static final Duration MAX_LEEWAY = Duration.ofSeconds(60);

  /// Every `alg` that a rule may accept.
  public static final Set<String> ASYMMETRIC =
      Set.of(
          "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
          "Ed25519");

  /// Every `alg` that a JWT-SVID may have.
  ///
  /// @spec https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md#2-jose-header JWT-SVID
  ///   §2
  public static final Set<String> SVID_ALGORITHMS =
      Set.of("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512");

  /// Accepted `typ` headers of a JWT-SVID.
  public static final Set<String> SVID_TYPES = Set.of("", "JWT", "JOSE");

  /// What Countersign itself signs with. Each of its keys is published with the one algorithm that
  /// it is for.
  public static final Set<String> OWN_ALGORITHMS = Set.of("ES256", "EdDSA", "RS256", "PS256");

  public JwtRules {
    audiences = Set.copyOf(audiences);
    companions = Set.copyOf(companions);
    types = types.stream().map(t -> t.toLowerCase(Locale.ROOT)).collect(Collectors.toSet());
    algorithms = Set.copyOf(algorithms);
    if (audiences.isEmpty()) {
      throw new IllegalArgumentException("a token rule needs at least one audience");
    }
    if (types.isEmpty()) {
      throw new IllegalArgumentException("a token rule needs at least one type");
    }
    if (!ASYMMETRIC.containsAll(algorithms) || algorithms.isEmpty()) {
      throw new IllegalArgumentException("algorithms must be among " + new TreeSet<>(ASYMMETRIC));
    }
    if (leeway.isNegative() || leeway.compareTo(MAX_LEEWAY) > 0) {
      throw new IllegalArgumentException("leeway must be 0 to 60 seconds");
    }
  }

  /// Rules for tokens that are for one audience alone.
  public JwtRules(
      String issuer,
      Set<String> audiences,
      Set<String> types,
      Set<String> algorithms,
      Duration leeway,
      Duration maxAge) {
    this(issuer, audiences, Set.of(), types, algorithms, leeway, maxAge);
  }

  /// Whether the tokens are JWT-SVIDs of one trust domain.
  boolean areSvids() {
    return SpiffeId.isTrustDomain(issuer);
  }

  /// Whether these are the audiences of a token that is meant for us and, beside us, for nobody but
  /// the companions.
  public boolean accepts(List<String> audience) {
    if (audiences.contains(ANY_ONE)) {
      return audience.size() == 1;
    }
    boolean isForUs = false;
    for (String value : audience) {
      boolean isOurs = audiences.contains(value);
      if (!isOurs && !companions.contains(value)) {
        return false;
      }
      isForUs |= isOurs;
    }
    return isForUs && (audience.size() == 1 || !companions.isEmpty());
  }

  /// Rules for an issuer's look at its own token, whichever one audience it is for.
  public static JwtRules ownForAnyAudience(String issuer, String type) {
    return own(issuer, ANY_ONE, type);
  }

  /// Rules for a token that Countersign itself issued: explicit type, ten seconds of leeway.
  public static JwtRules own(String issuer, String audience, String type) {
    return new JwtRules(
        issuer,
        Set.of(audience),
        Set.of(type),
        OWN_ALGORITHMS,
        Duration.ofSeconds(10),
        Duration.ZERO);
  }
}
