"""Failures in words for the person, without anything that belongs in no chat."""

from __future__ import annotations

import asyncio

from .errors import Cancelled, CountersignError, Denied, SignInRequired, StepUpRequired, Unavailable


def in_words(error: BaseException) -> str:
    """What to tell a person whose request ended with this error. Never repeats a message of the model's provider, which
    may hold the key or the conversation."""
    if isinstance(error, SignInRequired):
        return "Your sign-in is no longer accepted. Please sign in again; nothing more was done."
    if isinstance(error, StepUpRequired):
        return f"This needs your approval: {error.approval.message} Please open {error.approval.page}."
    if isinstance(error, Denied):
        return f"This was denied: {error}."
    if isinstance(error, Unavailable):
        return "Something that this needs is away. Please try again in a while."
    if isinstance(error, (Cancelled, asyncio.CancelledError, KeyboardInterrupt)):
        return "Stopped. Whether a call that was running took effect is unknown; please look before you repeat it."
    if isinstance(error, CountersignError):
        return f"This could not be done: {error}."
    kinds = {cause.__name__ for one in _chain(error) for cause in type(one).__mro__}
    status = next((s for one in _chain(error) if isinstance(s := getattr(one, "status_code", None), int)), 0)
    if "TimeoutError" in kinds or "APITimeoutError" in kinds or "TimeoutException" in kinds:
        return "The model took too long to answer. Please try again."
    if status == 429:
        return "The model is asked too much just now. Please try again in a while."
    if status in (401, 403):
        return "The model refuses this agent's key. Please tell whoever runs it."
    if status >= 500 or kinds & {"ConnectionError", "ConnectError", "APIConnectionError", "TransportError"}:
        return "The model cannot be reached. Please try again in a while."
    if status >= 400:
        return "The model refuses this request. Please tell whoever runs this agent."
    return "Something went wrong in this agent. Please tell whoever runs it."


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found and len(found) < 8:
        found.append(error)
        if isinstance(error, BaseExceptionGroup):
            found.extend(error.exceptions)
        error = error.__cause__ or error.__context__
    return found
