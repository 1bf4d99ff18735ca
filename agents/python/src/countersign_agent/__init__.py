"""Countersign for agents: tools called for a person, in either pattern, with no token in the model's reach."""

from .acting import Acting, acting_for
from .canonical import canonical, digest
from .errors import (
    Approval,
    Cancelled,
    CountersignError,
    Denied,
    Refused,
    SignInRequired,
    StepUpRequired,
    TemplateError,
    Unavailable,
)
from .guard import Exchange, Forward, GuardedTransport, guarded_client
from .sts import ApprovalPrompt, ClientKey, ClientSecret, OnBehalfOf, Sts
from .templates import RarTemplate, Templates
from .words import in_words

__all__ = [
    "Acting",
    "Approval",
    "ApprovalPrompt",
    "Cancelled",
    "ClientKey",
    "ClientSecret",
    "CountersignError",
    "Denied",
    "Exchange",
    "Forward",
    "GuardedTransport",
    "OnBehalfOf",
    "RarTemplate",
    "Refused",
    "SignInRequired",
    "StepUpRequired",
    "Sts",
    "TemplateError",
    "Templates",
    "Unavailable",
    "acting_for",
    "canonical",
    "digest",
    "guarded_client",
    "in_words",
]
