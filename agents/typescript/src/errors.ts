/** Base of all errors; `code` is what a program tells apart. No error holds a token. */
export class CountersignError extends Error {
  readonly code: string;
  /** Joins this to the audit; may be empty. */
  readonly jti: string;

  constructor(message: string, code = "failed", jti = "") {
    super(message);
    this.name = new.target.name;
    this.code = code;
    this.jti = jti;
  }
}

/** A call for which no request is built: the agent refuses to guess. */
export class TemplateError extends CountersignError {}

/** Policy or the person said no. */
export class Denied extends CountersignError {
  readonly reasons: readonly string[];

  constructor(message: string, code: string, jti = "", reasons: readonly string[] = []) {
    super(message, code, jti);
    this.reasons = reasons;
  }
}

/** The person's token is not, or no longer, accepted: sign them in again and repeat what they asked. */
export class SignInRequired extends CountersignError {
  constructor(message = "the person must sign in again", jti = "") {
    super(message, "sign_in_required", jti);
  }
}

/** A request that this client may not make; the code is the OAuth error, such as invalid_scope. */
export class Refused extends CountersignError {}

/** The token service or the server is away. */
export class Unavailable extends CountersignError {
  constructor(message: string) {
    super(message, "unavailable");
  }
}

/** The host cancelled it; whether a call that was running took effect is unknown. */
export class Cancelled extends CountersignError {
  constructor() {
    super("this was cancelled; whether a call that was running took effect is unknown", "cancelled");
  }
}

/** What a person has to approve, and where. Printing it shows no challenge. */
export class Approval {
  readonly approvalId: string;
  /** The token service's own page. */
  readonly page: string;
  /** RFC 3339. */
  readonly expiresAt: string;
  readonly message: string;
  readonly jti: string;
  readonly #challenge: string;

  constructor(id: string, page: string, expiresAt: string, message: string, jti: string, challenge: string) {
    this.approvalId = id;
    this.page = page;
    this.expiresAt = expiresAt;
    this.message = message;
    this.jti = jti;
    this.#challenge = challenge;
  }

  /** Hands out what lets its holder look at this approval, and nothing else. */
  revealChallenge(): string {
    return this.#challenge;
  }
}

/** A person must approve first; then the same exchange succeeds. */
export class StepUpRequired extends CountersignError {
  readonly approval: Approval;

  constructor(approval: Approval) {
    super(approval.message, "step_up_required", approval.jti);
    this.approval = approval;
  }
}
