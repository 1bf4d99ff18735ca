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
  /// The role does not take tokens in which this actor acts.
  ACTOR_NOT_ALLOWED("actor_not_allowed"),
  /// The agent that acts is not registered.
  AGENT_UNKNOWN("agent_unknown"),
  /// The token is bound to a key that nobody proved.
  BINDING_NOT_PROVEN("binding_not_proven"),
  /// The body's claims are not those of the token.
  CLAIMS_DIFFER("claims_differ"),
  /// The signed authorization details are none that the role maps.
  RAR_NO_MATCH("rar_no_match"),
  /// The token has paid for a lease before.
  TOKEN_USED("token_used"),
  /// Everything of the person was revoked after the token was issued.
  SUBJECT_REVOKED("subject_revoked"),
  /// The token itself, or everything of its client, was revoked.
  TOKEN_REVOKED("token_revoked"),
  /// There is no such lease.
  LEASE_UNKNOWN("lease_unknown"),
  /// The lease has ended or is about to.
  LEASE_OVER("lease_over"),
  /// The lease's role lets nothing be renewed.
  LEASE_NOT_RENEWABLE("lease_not_renewable"),
  /// Too much is open, or owed, to mint more.
  OVER_LIMIT("over_limit"),
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
