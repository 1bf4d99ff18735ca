package dev.countersign.protocol;

/// The names that tell the kinds of tokens apart: `typ` headers and token type URNs.
public final class TokenTypes {
  /// On-behalf-of tokens (RFC 9068 §2.1).
  public static final String ACCESS_TOKEN = "at+jwt";

  /// Security event tokens (RFC 8417 §2.3).
  public static final String SECURITY_EVENT = "secevent+jwt";

  /// The token of a step-up challenge: opens only the verification endpoints.
  public static final String CHALLENGE = "countersign-challenge+jwt";

  /// The proof that a person approved, for the second leg (RFC 7523 grant).
  public static final String APPROVAL = "countersign-approval+jwt";

  /// The grant type of RFC 8693 §2.1.
  public static final String TOKEN_EXCHANGE_GRANT =
      "urn:ietf:params:oauth:grant-type:token-exchange";

  /// The grant type of RFC 7523 §2.1.
  public static final String JWT_BEARER_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";

  /// The client assertion type of RFC 7523 §2.2.
  public static final String JWT_CLIENT_ASSERTION =
      "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

  /// A token of the answering server itself (RFC 8693 §3).
  public static final String ACCESS_TOKEN_URN = "urn:ietf:params:oauth:token-type:access_token";

  /// A JWT-SVID as client assertion.
  public static final String SPIFFE_CLIENT_ASSERTION =
      "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";

  /// Any JWT, the issuer's choice (RFC 8693 §3).
  public static final String JWT_URN = "urn:ietf:params:oauth:token-type:jwt";

  /// The grant type of RFC 6749 §4.4.
  public static final String CLIENT_CREDENTIALS_GRANT = "client_credentials";

  /// The grant type of CIBA Core §10.1.
  public static final String CIBA_GRANT = "urn:openid:params:grant-type:ciba";

  /// Proofs of possession (RFC 9449 §4.2).
  public static final String DPOP = "dpop+jwt";

  /// Introspection answers as JWTs (RFC 9701 §5).
  public static final String INTROSPECTION = "token-introspection+jwt";

  /// The scope that tells a step-up answer from a success (IBM Verify's wire).
  public static final String MFA_CHALLENGE_SCOPE = "mfa_challenge";

  private TokenTypes() {}
}
