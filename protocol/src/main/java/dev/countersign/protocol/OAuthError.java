package dev.countersign.protocol;

/// Every error code that leaves a Countersign box in OAuth's form, with its HTTP status and source.
public enum OAuthError {
  /// RFC 6749 §5.2; RFC 8693 §2.2.2 also for a bad subject or actor token.
  INVALID_REQUEST("invalid_request", 400),
  /// RFC 6749 §5.2
  INVALID_CLIENT("invalid_client", 401),
  /// RFC 6749 §5.2
  INVALID_GRANT("invalid_grant", 400),
  /// RFC 6749 §5.2
  UNAUTHORIZED_CLIENT("unauthorized_client", 400),
  /// RFC 6749 §5.2
  UNSUPPORTED_GRANT_TYPE("unsupported_grant_type", 400),
  /// RFC 6749 §5.2
  INVALID_SCOPE("invalid_scope", 400),
  /// RFC 8693 §2.2.2, RFC 8707 §2
  INVALID_TARGET("invalid_target", 400),
  /// RFC 9396 §5
  INVALID_AUTHORIZATION_DETAILS("invalid_authorization_details", 400),
  /// RFC 9449 §5
  INVALID_DPOP_PROOF("invalid_dpop_proof", 400),
  /// RFC 9449 §8
  USE_DPOP_NONCE("use_dpop_nonce", 400),
  /// RFC 9470 §3, here at the token endpoint (ID-JAG §8.2)
  INSUFFICIENT_USER_AUTHENTICATION("insufficient_user_authentication", 400),
  /// CIBA Core §11
  AUTHORIZATION_PENDING("authorization_pending", 400),
  /// CIBA Core §11
  SLOW_DOWN("slow_down", 400),
  /// CIBA Core §11
  EXPIRED_TOKEN("expired_token", 400),
  /// RFC 7009 §2.2.1
  UNSUPPORTED_TOKEN_TYPE("unsupported_token_type", 400),
  /// RFC 6749 §4.1.2.1, here for a refusal by policy (design, table of outcomes)
  ACCESS_DENIED("access_denied", 400),
  /// RFC 6750 §3.1
  INVALID_TOKEN("invalid_token", 401),
  /// RFC 6750 §3.1
  INSUFFICIENT_SCOPE("insufficient_scope", 403),
  /// RFC 6749 §4.1.2.1: a box or database that the answer needs is away
  TEMPORARILY_UNAVAILABLE("temporarily_unavailable", 503);

  private final String code;
  private final int httpStatus;

  OAuthError(String code, int httpStatus) {
    this.code = code;
    this.httpStatus = httpStatus;
  }

  public String code() {
    return code;
  }

  public int httpStatus() {
    return httpStatus;
  }
}
