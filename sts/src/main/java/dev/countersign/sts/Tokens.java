package dev.countersign.sts;

import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JsonText;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.TypeVersions;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.sts.keys.SigningKeys;
import dev.countersign.sts.stepup.Approval;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/// The kinds of tokens that we sign, each with its own `typ` and audience so that none passes for
/// another: on-behalf-of tokens, challenges, approvals, introspection answers.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9068#section-2 RFC 9068 §2
public final class Tokens {
  private static final Duration ASSERTION_LIFETIME = Duration.ofSeconds(60);

  private final String issuer;
  private final SigningKeys keys;
  private final InstantSource clock;
  private final JwtVerifier challenges;
  private final JwtVerifier approvals;
  private final JwtVerifier onBehalfOf;

  public Tokens(String issuer, SigningKeys keys, InstantSource clock) {
    this.issuer = issuer;
    this.keys = keys;
    this.clock = clock;
    this.challenges =
        new JwtVerifier(JwtRules.own(issuer, issuer, TokenTypes.CHALLENGE), keys, clock);
    this.approvals =
        new JwtVerifier(JwtRules.own(issuer, issuer, TokenTypes.APPROVAL), keys, clock);
    this.onBehalfOf =
        new JwtVerifier(JwtRules.ownForAnyAudience(issuer, TokenTypes.ACCESS_TOKEN), keys, clock);
  }

  /// Signs an on-behalf-of token.
  Secret onBehalfOf(OnBehalfOf token) {
    Subject subject = token.subject();
    TokenRequest request = token.request();
    var claims =
        new JsonText()
            .put("iss", issuer)
            .put("sub", subject.key())
            .putJson(
                "sub_id",
                new JsonText()
                    .put("format", "iss_sub")
                    .put("iss", subject.issuer())
                    .put("sub", subject.stableId())
                    .end())
            .put("aud", request.audience())
            .put("client_id", request.client().id())
            .put("iat", token.issuedAt().getEpochSecond())
            .put("exp", token.expiresAt().getEpochSecond())
            .put("jti", token.jti())
            .put("scope", request.scope())
            .putJson("act", token.actor().json())
            .putJson("authorization_details", request.details().canonical());
    TypeVersions versions = request.types().versions(request.details());
    if (!versions.isFirstOfAll()) {
      claims.putJson(TypeVersions.CLAIM, StrictJson.write(versions.json()));
    }
    subject
        .authentication()
        .properties()
        .forEach(member -> claims.putJson(member.getKey(), StrictJson.write(member.getValue())));
    if (token.binding() != null) {
      claims.putJson("cnf", token.binding().cnf());
    }
    claims.put("policy_version", token.policyVersion());
    return new Secret(
        keys.signerFor(request.audience()).sign(TokenTypes.ACCESS_TOKEN, claims.end()));
  }

  /// Signs a token about a client itself, for one audience. It has no `act` and no details, so it
  /// passes for no on-behalf-of token.
  Secret ofClient(
      String jti, String client, String audience, String scope, Instant now, Instant expiresAt) {
    String claims =
        new JsonText()
            .put("iss", issuer)
            .put("sub", client)
            .put("aud", audience)
            .put("client_id", client)
            .put("iat", now.getEpochSecond())
            .put("exp", expiresAt.getEpochSecond())
            .put("jti", jti)
            .put("scope", scope)
            .end();
    return new Secret(keys.signerFor(audience).sign(TokenTypes.ACCESS_TOKEN, claims));
  }

  /// Signs the token that opens the verification endpoint of one approval.
  Secret challenge(Approval approval, Instant now) {
    return new Secret(
        keys.signer()
            .sign(TokenTypes.CHALLENGE, ofApproval(approval, now, approval.expiresAt()).end()));
  }

  /// Signs the proof that an approval was given, for the second leg.
  public Secret approval(Approval approval, Instant now) {
    JsonText claims =
        ofApproval(approval, now, now.plus(ASSERTION_LIFETIME))
            .put("authorization_details_digest", approval.details().digest());
    return new Secret(keys.signer().sign(TokenTypes.APPROVAL, claims.end()));
  }

  private JsonText ofApproval(Approval approval, Instant now, Instant expiresAt) {
    return new JsonText()
        .put("iss", issuer)
        .put("sub", approval.person().key())
        .put("aud", issuer)
        .put("client_id", approval.client())
        .put("iat", now.getEpochSecond())
        .put("exp", expiresAt.getEpochSecond())
        .put("jti", Ids.random())
        .put("approval_id", approval.id());
  }

  /// Signs an introspection answer for the resource that asked.
  ///
  /// @spec https://www.rfc-editor.org/rfc/rfc9701#section-5 RFC 9701 §5
  public String introspection(String client, String answer, Instant now) {
    String claims =
        new JsonText()
            .put("iss", issuer)
            .put("aud", client)
            .put("iat", now.getEpochSecond())
            .putJson("token_introspection", answer)
            .end();
    return keys.signer().sign(TokenTypes.INTROSPECTION, claims);
  }

  /// Verifies a challenge.
  public JwtCheck checkChallenge(String token) {
    return challenges.verify(token);
  }

  /// Verifies an approval.
  JwtCheck checkApproval(String token) {
    return approvals.verify(token);
  }

  /// Verifies an on-behalf-of token of ours, whatever resource it is for.
  JwtCheck checkOnBehalfOf(String token) {
    JwtCheck check = onBehalfOf.verify(token);
    return check instanceof JwtCheck.Verified(VerifiedJwt jwt) && !jwt.claims().has("act")
        ? new JwtCheck.Rejected("it is not an on-behalf-of token")
        : check;
  }

  /// Whether a token claims to be ours.
  boolean claimsToBeOurs(String token) {
    return issuer.equals(JwtVerifier.unverifiedIssuer(token).orElse(""));
  }

  /// The whole seconds from now to the end of a token.
  Duration lifeOf(Instant expiresAt) {
    return Duration.ofSeconds(expiresAt.getEpochSecond() - clock.instant().getEpochSecond());
  }

  /// What an on-behalf-of token says.
  ///
  /// @param binding the key that its holder must prove, or null for a bearer token
  /// @param issuedAt when the decision began, so that a kill that came meanwhile is after it
  record OnBehalfOf(
      String jti,
      Subject subject,
      Actor actor,
      Possession.@Nullable Binding binding,
      TokenRequest request,
      String policyVersion,
      Instant issuedAt,
      Instant expiresAt) {}
}
