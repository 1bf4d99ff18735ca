package dev.countersign.broker;

/// Why the broker refuses, as the ledger and the caller are told.
public enum Refusal {
  /// Nobody proved to be a known workload.
  PRESENTER_NOT_PROVEN("presenter_not_proven"),
  /// The workload is known and may not do this.
  PRESENTER_NOT_ALLOWED("presenter_not_allowed"),
  /// There is no such role.
  UNKNOWN_ROLE("unknown_role"),
  /// The on-behalf-of token is not one that this role accepts.
  TOKEN_REJECTED("token_rejected"),
  /// The body's claims are not those of the token.
  CLAIMS_DIFFER("claims_differ"),
  /// The signed authorization details are none that the role maps.
  RAR_NO_MATCH("rar_no_match"),
  /// The token has paid for a lease before.
  TOKEN_USED("token_used"),
  /// Everything of the person was revoked after the token was issued.
  SUBJECT_REVOKED("subject_revoked"),
  /// A database, the ledger or the STS's keys are away.
  UNAVAILABLE("unavailable"),
  /// The request itself is malformed.
  MALFORMED("malformed");

  private final String code;

  Refusal(String code) {
    this.code = code;
  }

  /// The word in the ledger.
  public String code() {
    return code;
  }
}
