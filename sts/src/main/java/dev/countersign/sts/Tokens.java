package dev.countersign.sts;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.sts.stepup.Approval;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// The three kinds of tokens that we sign, each with its own `typ` and audience so that none passes
/// for another: on-behalf-of tokens, challenges, approvals.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9068#section-2 RFC 9068 §2
public final class Tokens {
  private static final Duration ASSERTION_LIFETIME = Duration.ofSeconds(60);

  private final String issuer;
  private final JwtSigner signer;
  private final InstantSource clock;
  private final JwtVerifier challenges;
  private final JwtVerifier approvals;
  private final JwtVerifier onBehalfOf;

  /// @param keys our own public keys
  /// @param audiences every resource that we issue tokens for
  public Tokens(
      String issuer, JwtSigner signer, KeySource keys, Set<String> audiences, InstantSource clock) {
    this.issuer = issuer;
    this.signer = signer;
    this.clock = clock;
    this.challenges =
        new JwtVerifier(JwtRules.own(issuer, issuer, TokenTypes.CHALLENGE), keys, clock);
    this.approvals =
        new JwtVerifier(JwtRules.own(issuer, issuer, TokenTypes.APPROVAL), keys, clock);
    var own = JwtRules.own(issuer, issuer, TokenTypes.ACCESS_TOKEN);
    this.onBehalfOf =
        new JwtVerifier(
            new JwtRules(
                issuer, audiences, own.types(), own.algorithms(), own.leeway(), own.maxAge()),
            keys,
            clock);
  }

  /// Signs an on-behalf-of token.
  ///
  /// @param issuedAt when the decision began, so that a kill that came meanwhile is after it
  Secret onBehalfOf(
      String jti,
      Subject subject,
      Client client,
      String audience,
      String scope,
      AuthorizationDetails details,
      String policyVersion,
      Instant issuedAt,
      Instant expiresAt) {
    ObjectNode claims = StrictJson.object();
    claims.put("iss", issuer).put("sub", subject.key());
    claims
        .putObject("sub_id")
        .put("format", "iss_sub")
        .put("iss", subject.issuer())
        .put("sub", subject.stableId());
    claims.put("aud", audience).put("client_id", client.id());
    claims.put("iat", issuedAt.getEpochSecond()).put("exp", expiresAt.getEpochSecond());
    claims.put("jti", jti).put("scope", scope);
    claims.putObject("act").put("sub", client.id());
    claims.set("authorization_details", details.json());
    claims.setAll(subject.authentication());
    claims.put("policy_version", policyVersion);
    return new Secret(signer.sign(TokenTypes.ACCESS_TOKEN, claims));
  }

  /// Signs the token that opens the verification endpoint of one approval.
  Secret challenge(Approval approval, Instant now) {
    return new Secret(
        signer.sign(TokenTypes.CHALLENGE, ofApproval(approval, now, approval.expiresAt())));
  }

  /// Signs the proof that an approval was given, for the second leg.
  public Secret approval(Approval approval, Instant now) {
    ObjectNode claims = ofApproval(approval, now, now.plus(ASSERTION_LIFETIME));
    claims.put("authorization_details_digest", approval.details().digest());
    return new Secret(signer.sign(TokenTypes.APPROVAL, claims));
  }

  private ObjectNode ofApproval(Approval approval, Instant now, Instant expiresAt) {
    return StrictJson.object()
        .put("iss", issuer)
        .put("sub", approval.person().key())
        .put("aud", issuer)
        .put("client_id", approval.client())
        .put("iat", now.getEpochSecond())
        .put("exp", expiresAt.getEpochSecond())
        .put("jti", Ids.random())
        .put("approval_id", approval.id());
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
    return onBehalfOf.verify(token);
  }

  /// Whether a token claims to be ours.
  boolean claimsToBeOurs(String token) {
    return issuer.equals(JwtVerifier.unverifiedIssuer(token).orElse(""));
  }

  /// The whole seconds from now to the end of a token.
  Duration lifeOf(Instant expiresAt) {
    return Duration.ofSeconds(expiresAt.getEpochSecond() - clock.instant().getEpochSecond());
  }
}
