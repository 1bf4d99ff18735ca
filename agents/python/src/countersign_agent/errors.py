"""How a call can fail, with the same names and codes in every language. No error holds a token."""

from __future__ import annotations

from dataclasses import dataclass, field


class CountersignError(Exception):
    """Base of all errors; `code` is what a program tells apart."""

    code = "failed"

    def __init__(self, message: str, code: str | None = None, jti: str = "") -> None:
        super().__init__(message)
        self.code = code or type(self).code
        self.jti = jti
        """Joins this to the audit; may be empty."""


class TemplateError(CountersignError):
    """A call for which no request is built: the agent refuses to guess.

    Codes: no_template, digest_mismatch, malformed_template, unsupported_expression, missing_argument,
    inexact_number, unknown_tool.
    """


class Denied(CountersignError):
    """Policy or the person said no: access_denied, approval_denied, approval_suspicious, approval_expired,
    approval_used, approval_failed."""

    code = "access_denied"

    def __init__(self, message: str, code: str, jti: str = "", reasons: tuple[str, ...] = ()) -> None:
        super().__init__(message, code, jti)
        self.reasons = reasons
        """What policy said, rule by rule."""


class SignInRequired(CountersignError):
    """The person's token is not, or no longer, accepted: sign them in again and repeat what they asked."""

    code = "sign_in_required"

    def __init__(self, message: str = "the person must sign in again", jti: str = "") -> None:
        super().__init__(message, None, jti)


class Refused(CountersignError):
    """A request that this client may not make; the code is the OAuth error, such as invalid_scope."""


class Unavailable(CountersignError):
    """The token service or the server is away."""

    code = "unavailable"


class Cancelled(CountersignError):
    """The host cancelled it; whether a call that was running took effect is unknown."""

    code = "cancelled"


@dataclass(frozen=True)
class Approval:
    """What a person has to approve, and where."""

    approval_id: str
    page: str
    """The token service's own page."""
    expires_at: str
    """RFC 3339."""
    message: str
    """What they are asked, in words."""
    jti: str
    challenge: str = field(repr=False)
    """Lets its holder look at this approval, and nothing else."""


class StepUpRequired(CountersignError):
    """A person must approve first; then the same exchange succeeds."""

    code = "step_up_required"

    def __init__(self, approval: Approval) -> None:
        super().__init__(approval.message, None, approval.jti)
        self.approval = approval
