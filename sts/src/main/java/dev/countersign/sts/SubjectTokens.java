package dev.countersign.sts;

import dev.countersign.box.IssuerKeys;
import dev.countersign.protocol.CompactJws;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.SpiffeId;
import dev.countersign.protocol.VerifiedJwt;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Verifies subject tokens. The anchor is the one that the caller names by token type, or the one
/// whose issuer the token claims; no second anchor is tried, and the form of a token (JWT or
/// opaque) alone says how it is checked.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8693#section-2.1 RFC 8693 §2.1
public final class SubjectTokens {
  private static final Pattern OPAQUE = Pattern.compile("[\\x21-\\x7e]{1,16384}");

  private final Map<String, Trusted> byType = new HashMap<>();
  private final Map<String, Trusted> byIssuer = new HashMap<>();

  /// @param keys where the keys of an anchor come from
  /// @param introspectors asks the issuer of an anchor that has introspection
  public SubjectTokens(
      List<Anchor> anchors,
      Function<Anchor, KeySource> keys,
      Function<Anchor, Introspector> introspectors,
      InstantSource clock) {
    for (Anchor anchor : anchors) {
      var verifier = new JwtVerifier(anchor.form(), keys.apply(anchor), clock);
      var trusted =
          new Trusted(
              anchor,
              new SubjectClaims(anchor),
              verifier,
              anchor.introspection() == null ? null : introspectors.apply(anchor));
      byType.put(anchor.name(), trusted);
      byType.put(anchor.tokenType(), trusted);
      byIssuer.put(anchor.issuer(), trusted);
    }
  }

  /// The anchor that a `subject_token_type` names.
  Optional<Anchor> anchorOf(String tokenType) {
    return Optional.ofNullable(byType.get(tokenType)).map(Trusted::anchor);
  }

  /// The anchor whose issuer a token claims.
  Optional<Anchor> anchorOfIssuer(String token) {
    try {
      return Optional.ofNullable(byIssuer.get(issuerOf(CompactJws.parse(token))))
          .map(Trusted::anchor);
    } catch (MalformedJsonException malformed) {
      return Optional.empty();
    }
  }

  /// Verifies a token of the named type.
  SubjectCheck verify(String tokenType, String token, Instant now) {
    Trusted trusted = byType.get(tokenType);
    if (trusted == null) {
      return new SubjectCheck.Rejected("subject_token_type names no trust anchor");
    }
    if (trusted.isOpaque(token)) {
      return opaque(trusted, token, now);
    }
    try {
      return verify(trusted, CompactJws.parse(token), token, now);
    } catch (MalformedJsonException malformed) {
      return new SubjectCheck.Rejected(String.valueOf(malformed.getMessage()));
    }
  }

  /// Verifies a token of whatever anchor its issuer is. A token that is no JWT names no issuer, and
  /// none is asked about it.
  SubjectCheck verifyByIssuer(String token, Instant now) {
    try {
      CompactJws jws = CompactJws.parse(token);
      Trusted trusted = byIssuer.get(issuerOf(jws));
      return trusted == null
          ? new SubjectCheck.Rejected("the token is of no issuer known here")
          : verify(trusted, jws, token, now);
    } catch (MalformedJsonException malformed) {
      return new SubjectCheck.Rejected(String.valueOf(malformed.getMessage()));
    }
  }

  /// The issuer that a token claims; of a JWT-SVID, which needs no `iss`, its trust domain.
  private static String issuerOf(CompactJws jws) {
    return jws.unverifiedClaims().has("iss")
        ? jws.unverifiedIssuer()
        : SpiffeId.parse(jws.unverifiedSubject()).map(SpiffeId::trustDomain).orElse("");
  }

  private static SubjectCheck verify(Trusted trusted, CompactJws jws, String token, Instant now) {
    return switch (trusted.verifier.verify(jws)) {
      case JwtCheck.Verified(VerifiedJwt jwt) -> {
        SubjectCheck read = trusted.claims.read(jwt, now);
        yield read instanceof SubjectCheck.Verified ? stillActive(trusted, token, read) : read;
      }
      case JwtCheck.Rejected(String reason) -> new SubjectCheck.Rejected(reason);
      case JwtCheck.Unavailable(String reason) -> new SubjectCheck.Unavailable(reason);
    };
  }

  /// What a verified JWT counts for, where its issuer is asked whether its session still lives.
  private static SubjectCheck stillActive(Trusted trusted, String token, SubjectCheck read) {
    Introspection introspection = trusted.anchor.introspection();
    Introspector introspector = trusted.introspector;
    if (introspector == null
        || introspection == null
        || introspection.scope() != Introspection.Scope.EVERY) {
      return read;
    }
    return switch (introspector.ask(token)) {
      case Introspector.Answer.Active _ -> read;
      case Introspector.Answer.Inactive _ ->
          new SubjectCheck.Rejected("its issuer says that the token is not active");
      case Introspector.Answer.Unavailable(String reason) -> new SubjectCheck.Unavailable(reason);
    };
  }

  private static SubjectCheck opaque(Trusted trusted, String token, Instant now) {
    Introspector introspector = trusted.introspector;
    if (introspector == null || !OPAQUE.matcher(token).matches()) {
      return new SubjectCheck.Rejected("the token is not a signed JWT of three base64url parts");
    }
    return switch (introspector.ask(token)) {
      case Introspector.Answer.Active(ObjectNode claims) -> vouched(trusted, claims, now);
      case Introspector.Answer.Inactive _ ->
          new SubjectCheck.Rejected("its issuer says that the token is not active");
      case Introspector.Answer.Unavailable(String reason) -> new SubjectCheck.Unavailable(reason);
    };
  }

  /// Reads an introspection answer by the rules for a token's claims. What RFC 7662 leaves optional
  /// is filled in where nothing else can be meant: the issuer that was asked; and the audience,
  /// where `authorized-parties` says to whom the token was issued.
  private static SubjectCheck vouched(Trusted trusted, ObjectNode answer, Instant now) {
    ObjectNode claims = answer.deepCopy();
    claims.remove("active");
    if (!claims.has("iss")) {
      claims.put("iss", trusted.anchor.issuer());
    }
    if (!claims.has("aud") && !trusted.anchor.demands().authorizedParties().isEmpty()) {
      claims.put("aud", trusted.anchor.form().audiences().iterator().next());
    }
    return switch (trusted.verifier.vouched(claims)) {
      case JwtCheck.Verified(VerifiedJwt jwt) -> trusted.claims.read(jwt, now);
      case JwtCheck.Rejected(String reason) ->
          new SubjectCheck.Rejected("introspection: " + reason);
      case JwtCheck.Unavailable(String reason) -> new SubjectCheck.Unavailable(reason);
    };
  }

  /// Whether a text can be the stable part of a person's key.
  public static boolean isStableId(String id) {
    return SubjectClaims.isStableId(id);
  }

  private record Trusted(
      Anchor anchor,
      SubjectClaims claims,
      JwtVerifier verifier,
      @Nullable Introspector introspector) {

    boolean isOpaque(String token) {
      return anchor.keys().place() instanceof IssuerKeys.Place.None || !CompactJws.hasShape(token);
    }
  }

  /// How the check of a subject token ended.
  sealed interface SubjectCheck {
    /// The token is good, and this is its person.
    record Verified(Subject subject, VerifiedJwt jwt) implements SubjectCheck {}

    /// The token is not accepted.
    record Rejected(String reason) implements SubjectCheck {}

    /// The issuer's keys cannot be had.
    record Unavailable(String reason) implements SubjectCheck {}
  }
}
