package dev.countersign.sts;

import static dev.countersign.protocol.OAuthError.INVALID_AUTHORIZATION_DETAILS;
import static dev.countersign.protocol.OAuthError.INVALID_REQUEST;
import static dev.countersign.protocol.OAuthError.INVALID_SCOPE;
import static dev.countersign.protocol.OAuthError.INVALID_TARGET;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.TypeVersions;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.protocol.WireException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/// The person behind a subject token: vouched for by an anchor, or carried by an on-behalf-of token
/// of ours that a client registered for it exchanges for a narrower one. The token type decides
/// which; no second way is tried.
///
/// Threads may share it.
final class SubjectSource {
  private final SubjectTokens anchors;
  private final Tokens tokens;
  private final RevokedTokens revoked;

  SubjectSource(SubjectTokens anchors, Tokens tokens, RevokedTokens revoked) {
    this.anchors = anchors;
    this.tokens = tokens;
    this.revoked = revoked;
  }

  /// Verifies the subject token of a request.
  ///
  /// @throws WireException if this client may not bring such a token
  /// @throws KeySource.KeysUnavailableException if nobody can tell now
  Result of(Asked asked, Instant now) {
    Map<String, String> form = asked.form();
    String token = TokenRequest.required(form, "subject_token");
    String type = TokenRequest.required(form, "subject_token_type");
    return switch (type) {
      case TokenTypes.ACCESS_TOKEN_URN -> ofOurs(asked, token);
      case TokenTypes.JWT_URN -> ofAnyAnchor(asked, token, now);
      default -> ofAnchor(asked, type, token, now);
    };
  }

  private Result ofAnchor(Asked asked, String type, String token, Instant now) {
    Optional<Anchor> anchor = anchors.anchorOf(type);
    if (anchor.isEmpty() || !asked.client().anchors().contains(anchor.get().name())) {
      throw notForThisClient();
    }
    return result(anchors.verify(type, token, now), anchor.get(), token, asked);
  }

  // The plain URN for JWTs: the issuer that the token claims names its one anchor.
  private Result ofAnyAnchor(Asked asked, String token, Instant now) {
    Optional<Anchor> anchor = anchors.anchorOfIssuer(token);
    if (anchor.isEmpty() || !asked.client().anchors().contains(anchor.get().name())) {
      throw notForThisClient();
    }
    return result(anchors.verifyByIssuer(token, now), anchor.get(), token, asked);
  }

  private static Result result(
      SubjectTokens.SubjectCheck check, Anchor anchor, String token, Asked asked) {
    return switch (check) {
      case SubjectTokens.SubjectCheck.Verified(Subject subject, VerifiedJwt jwt) -> {
        requireProof(jwt, asked);
        yield new Result.Found(
            subject, jwt.claims().path("may_act"), null, nameOf(anchor, jwt, token));
      }
      case SubjectTokens.SubjectCheck.Rejected(String reason) ->
          new Result.Refused(reason, anchor, token);
      case SubjectTokens.SubjectCheck.Unavailable(String reason) ->
          throw new KeySource.KeysUnavailableException(reason);
    };
  }

  /// What tells a token from every other: its issuer and id, else what was signed. Its signature
  /// does not count, since there may be several of the same content.
  private static String nameOf(Anchor anchor, VerifiedJwt jwt, String token) {
    int end = token.lastIndexOf('.');
    return anchor.name()
        + "\n"
        + jwt.id().map(id -> "jti " + id).orElse(end < 0 ? token : token.substring(0, end));
  }

  private Result ofOurs(Asked asked, String token) {
    Set<String> issuedTo = asked.client().options().chains();
    if (issuedTo.isEmpty()) {
      throw notForThisClient();
    }
    return switch (tokens.checkOnBehalfOf(token)) {
      case JwtCheck.Verified(VerifiedJwt jwt) -> {
        if (!issuedTo.contains(jwt.text("client_id").orElse(""))) {
          throw new WireException(
              INVALID_REQUEST,
              "subject_token: it was issued to a client whose tokens this client may not exchange");
        }
        if (revoked.isRevoked(jwt.id().orElseThrow())) {
          throw new WireException(INVALID_REQUEST, "subject_token: it was revoked");
        }
        requireProof(jwt, asked);
        yield new Result.Found(
            subject(jwt), MissingNode.getInstance(), Chain.of(jwt), jwt.id().orElseThrow());
      }
      case JwtCheck.Rejected(String reason) ->
          throw new WireException(INVALID_REQUEST, "subject_token: " + reason);
      case JwtCheck.Unavailable(String reason) ->
          throw new KeySource.KeysUnavailableException(reason);
    };
  }

  private static void requireProof(VerifiedJwt jwt, Asked asked) {
    if (!Possession.proves(jwt.claims().path("cnf"), asked)) {
      throw new WireException(
          INVALID_REQUEST, "subject_token: it is bound to a key that was not proven");
    }
  }

  private static Subject subject(VerifiedJwt jwt) {
    String key = jwt.text("sub").orElseThrow();
    ObjectNode claims = jwt.claims();
    ObjectNode authentication = StrictJson.object();
    for (String name : List.of("auth_time", "acr", "amr")) {
      if (claims.has(name)) {
        authentication.set(name, claims.path(name));
      }
    }
    return new Subject(
        key,
        key.substring(0, key.indexOf('|')),
        claims.path("sub_id").path("iss").stringValue(),
        claims.path("sub_id").path("sub").stringValue(),
        jwt.expiresAt(),
        claims.has("auth_time")
            ? Instant.ofEpochSecond(claims.path("auth_time").longValue())
            : null,
        authentication,
        Map.of(),
        null,
        null);
  }

  private static WireException notForThisClient() {
    return new WireException(
        INVALID_REQUEST, "subject_token_type names no trust anchor that this client may use");
  }

  /// What a subject token came to.
  sealed interface Result {
    /// A person, and what the token says about acting for it.
    ///
    /// @param mayAct `may_act`, or a missing node
    /// @param chain what an on-behalf-of token of ours allowed, or null for an anchor's token
    /// @param token what tells the token from every other
    record Found(Subject subject, JsonNode mayAct, @Nullable Chain chain, String token)
        implements Result {

      /// Whether the person's sessions were ended after this token came to be.
      boolean isLockedOut(@Nullable Instant closedAt) {
        if (closedAt == null) {
          return false;
        }
        return chain == null ? !subject.signedInAfter(closedAt) : !chain.issuedAt.isAfter(closedAt);
      }
    }

    /// A token of an anchor that is not acceptable.
    record Refused(String reason, Anchor anchor, String token) implements Result {}
  }

  /// What the token before allowed; the next can only be narrower.
  record Chain(
      Actor actor,
      String audience,
      Set<String> scopes,
      AuthorizationDetails details,
      TypeVersions versions,
      Instant issuedAt) {

    static Chain of(VerifiedJwt jwt) {
      ObjectNode claims = jwt.claims();
      return new Chain(
          Actor.parse(claims.path("act")).orElseThrow(),
          jwt.audience().getFirst(),
          Set.of(claims.path("scope").stringValue().split(" ", -1)),
          AuthorizationDetails.of(claims.path("authorization_details")),
          TypeVersions.of(claims.path(TypeVersions.CLAIM)),
          jwt.issuedAt().orElseThrow());
    }

    /// Refuses a request for anything that the token before did not have.
    ///
    /// @throws WireException naming what is wider
    void check(TokenRequest request) {
      if (!audience.equals(request.audience())) {
        throw new WireException(INVALID_TARGET, "resource is not that of subject_token");
      }
      if (!scopes.containsAll(request.scopes())) {
        throw new WireException(INVALID_SCOPE, "scope is wider than that of subject_token");
      }
      // What was decided on had the meaning of its time.
      if (request.details().elements().stream()
          .anyMatch(asked ->
              request.types().versions(request.details()).of(asked.type())
                  != versions.of(asked.type()))) {
        throw new WireException(
            INVALID_AUTHORIZATION_DETAILS,
            "authorization_details has a type whose version is not that of subject_token");
      }
      if (!request.types().isWithin(request.details(), details)) {
        throw new WireException(
            INVALID_AUTHORIZATION_DETAILS,
            "authorization_details has an element that subject_token does not have");
      }
    }
  }
}
