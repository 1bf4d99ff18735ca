package dev.countersign.protocol;

import com.nimbusds.jose.JWSAlgorithm;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Verifies tokens of one kind from one issuer: form, header, key, signature, then claims; nothing
/// is believed before the signature is checked. `jku`, `x5u`, `jwk` and `x5c` headers are never
/// used.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc7519#section-7.2 RFC 7519 §7.2
/// @spec https://www.rfc-editor.org/rfc/rfc8725 RFC 8725
public final class JwtVerifier {
  private static final long MAX_SECONDS = 253_402_300_799L; // 9999-12-31, far below overflow
  private static final int MAX_KID = 256;
  private static final List<String> TIMES = List.of("exp", "nbf", "iat");

  private final JwtRules rules;
  private final KeySource keySource;
  private final InstantSource clock;

  public JwtVerifier(JwtRules rules, KeySource keySource, InstantSource clock) {
    this.rules = rules;
    this.keySource = keySource;
    this.clock = clock;
  }

  /// The `iss` that a token claims, to choose its verifier by; empty where there is none. Nothing
  /// is verified by this.
  public static Optional<String> unverifiedIssuer(String token) {
    try {
      String issuer = CompactJws.parse(token).unverifiedIssuer();
      return issuer.isEmpty() ? Optional.empty() : Optional.of(issuer);
    } catch (MalformedJsonException malformed) {
      return Optional.empty();
    }
  }

  /// Verifies one token.
  public JwtCheck verify(String token) {
    CompactJws jws;
    try {
      jws = CompactJws.parse(token);
    } catch (MalformedJsonException malformed) {
      return new JwtCheck.Rejected(String.valueOf(malformed.getMessage()));
    }
    return verify(jws);
  }

  /// Verifies a token that was read before, so that it is parsed once.
  public JwtCheck verify(CompactJws jws) {
    String wrongHeader = headerProblem(jws.header(), rules.types(), rules.algorithms());
    if (wrongHeader != null) {
      return new JwtCheck.Rejected(wrongHeader);
    }
    if (rules.areSvids() && !jws.header().has("kid")) {
      return new JwtCheck.Rejected("`kid` must be there in a JWT-SVID");
    }
    try {
      if (!isSigned(jws, keySource, rules.areSvids())) {
        return new JwtCheck.Rejected("the signature does not verify with a key of the issuer");
      }
    } catch (KeySource.KeysUnavailableException away) {
      return new JwtCheck.Unavailable(String.valueOf(away.getMessage()));
    }
    try {
      return checked(jws.header(), jws.unverifiedClaims());
    } catch (MalformedJsonException malformed) {
      return new JwtCheck.Rejected(String.valueOf(malformed.getMessage()));
    }
  }

  /// Checks claims that the issuer itself has just vouched for, such as an introspection answer, as
  /// those of a token whose signature is good.
  public JwtCheck vouched(ObjectNode claims) {
    return checked(StrictJson.object(), claims);
  }

  private JwtCheck checked(ObjectNode header, ObjectNode claims) {
    String wrong = checkClaims(claims);
    return wrong == null
        ? new JwtCheck.Verified(new VerifiedJwt(header, claims))
        : new JwtCheck.Rejected(wrong);
  }

  /// What is wrong with a header, or null.
  static @Nullable String headerProblem(
      ObjectNode header, Set<String> types, Set<String> algorithms) {
    if (!algorithms.contains(header.path("alg").asString(""))) {
      return "`alg` is not one that this issuer may use";
    }
    if (header.has("crit") || header.has("b64") || header.has("zip")) {
      return "`crit`, `b64` and `zip` are not understood";
    }
    JsonNode kid = header.path("kid");
    if (!kid.isMissingNode() && (!kid.isString() || kid.stringValue().length() > MAX_KID)) {
      return "`kid` must be a string of at most 256 characters";
    }
    JsonNode typ = header.path("typ");
    if (!typ.isMissingNode() && !typ.isString()) {
      return "`typ` must be a string";
    }
    if (!types.contains(plainType(typ.asString("")))) {
      return "`typ` is not the kind of token expected here";
    }
    return null;
  }

  private static String plainType(String typ) {
    String lower = typ.toLowerCase(Locale.ROOT);
    return lower.startsWith("application/") ? lower.substring("application/".length()) : lower;
  }

  /// Whether a key of the source made the signature.
  static boolean isSigned(CompactJws jws, KeySource keySource) {
    return isSigned(jws, keySource, false);
  }

  private static boolean isSigned(CompactJws jws, KeySource keySource, boolean isSvid) {
    return look(jws, keySource, isSvid).isSigned();
  }

  /// Tries the keys that may have made the signature. Where there are fewer than a token may have
  /// tried, keys of nobody's are tried instead, so that the time a refusal takes does not tell
  /// which keys are known, nor how many.
  ///
  /// @param isSvid a trust domain publishes keys for X.509 and for JWT-SVIDs side by side; only the
  ///   latter count
  static Look look(CompactJws jws, KeySource keySource, boolean isSvid) {
    var algorithm = JWSAlgorithm.parse(jws.header().path("alg").stringValue());
    String kid = jws.header().has("kid") ? jws.header().path("kid").stringValue() : null;
    VerificationKeys keys = keySource.keys(kid == null ? "" : kid);
    byte[] input = jws.signingBytes();
    byte[] signature = jws.signatureBytes();
    int tried = 0;
    for (VerificationKey key : keys.candidates(kid, algorithm)) {
      if (!isSvid || key.isForSvids()) {
        tried++;
        if (key.verifies(algorithm.getName(), input, signature)) {
          return new Look(true, tried);
        }
      }
    }
    int most = kid == null ? VerificationKeys.MAX_CANDIDATES : 1;
    for (int i = tried; i < most; i++) {
      tried += NobodysKeys.tried(algorithm, input, signature);
    }
    return new Look(false, tried);
  }

  /// What trying keys came to.
  ///
  /// @param tried how many verifications were made
  record Look(boolean isSigned, int tried) {}

  /// Whether this key made the signature, whatever ids key and header carry.
  static boolean isSigned(CompactJws jws, VerificationKey key) {
    var algorithm = JWSAlgorithm.parse(jws.header().path("alg").stringValue());
    return key.suits(algorithm)
        && key.verifies(algorithm.getName(), jws.signingBytes(), jws.signatureBytes());
  }

  private @Nullable String checkClaims(ObjectNode claims) {
    String wrong = rules.areSvids() ? workloadProblem(claims) : issuerProblem(claims);
    if (wrong != null) {
      return wrong;
    }
    List<String> audience = audience(claims);
    if (!rules.accepts(audience)) {
      return "`aud` is not an audience accepted here";
    }
    return checkTimes(claims);
  }

  private @Nullable String issuerProblem(ObjectNode claims) {
    return rules.issuer().equals(claims.path("iss").asString(""))
        ? null
        : "`iss` is not the issuer expected here";
  }

  // `iss` is optional in a JWT-SVID and never says where its keys are.
  private @Nullable String workloadProblem(ObjectNode claims) {
    return SpiffeId.parse(claims.path("sub").asString(""))
            .filter(id -> id.trustDomain().equals(rules.issuer()))
            .isPresent()
        ? null
        : "`sub` is not a SPIFFE ID of the trust domain expected here";
  }

  private @Nullable String checkTimes(ObjectNode claims) {
    Instant now = clock.instant();
    for (String name : TIMES) {
      JsonNode time = claims.path(name);
      if (time.isMissingNode()) {
        if (name.equals("exp")) {
          return "`exp` is missing";
        }
      } else if (!isTime(time)) {
        return "`" + name + "` must be whole seconds since 1970";
      }
    }
    if (!now.minus(rules.leeway()).isBefore(time(claims, "exp"))) {
      return "`exp` has passed";
    }
    if (claims.has("nbf") && now.plus(rules.leeway()).isBefore(time(claims, "nbf"))) {
      return "`nbf` is in the future";
    }
    if (claims.has("iat") && now.plus(rules.leeway()).isBefore(time(claims, "iat"))) {
      return "`iat` is in the future";
    }
    if (rules.maxAge().isPositive()
        && (!claims.has("iat")
            || time(claims, "iat").plus(rules.maxAge()).plus(rules.leeway()).isBefore(now))) {
      return "`iat` is missing or too long ago";
    }
    return null;
  }

  /// Whether a value is a NumericDate of whole seconds, far from overflow.
  static boolean isTime(JsonNode time) {
    return time.isIntegralNumber()
        && time.canConvertToLong()
        && time.longValue() >= 0
        && time.longValue() <= MAX_SECONDS;
  }

  private static Instant time(ObjectNode claims, String name) {
    return Instant.ofEpochSecond(claims.path(name).longValue());
  }

  /// `aud` as a list; empty when it is missing or malformed.
  static List<String> audience(ObjectNode claims) {
    JsonNode value = claims.path("aud");
    if (value.isString()) {
      return List.of(value.stringValue());
    }
    var audience = new ArrayList<String>();
    if (value.isArray()) {
      for (JsonNode entry : value) {
        if (!entry.isString()) {
          return List.of();
        }
        audience.add(entry.stringValue());
      }
    }
    return audience;
  }
}
