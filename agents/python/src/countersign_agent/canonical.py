"""The canonical form of a JSON value: what is signed, digested and pinned."""

from __future__ import annotations

import base64
import hashlib
from decimal import Decimal
from typing import Any

from .errors import TemplateError

LARGEST = 2**53 - 1
"""The largest whole number that every language holds exactly."""

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def canonical(value: Any) -> str:
    """Members sorted by UTF-16 code units, no white space, numbers in plain decimal without trailing zeros."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(canonical(element) for element in value) + "]"
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_quoted(name)}:{canonical(value[name])}" for name in names) + "}"
    raise TemplateError("a value has no form in JSON", "malformed_template")


def digest(value: Any) -> str:
    """SHA-256 of the canonical form, base64url without padding."""
    raw = hashlib.sha256(canonical(value).encode("utf-8")).digest()
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _quoted(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(c) or (f"\\u{ord(c):04X}" if c < " " else c) for c in text) + '"'


def _number(value: int | float) -> str:
    exact = Decimal(value) if isinstance(value, int) else Decimal(repr(value))
    if not exact.is_finite() or abs(exact) > LARGEST or (exact != 0 and abs(exact) < Decimal("0.000001")):
        raise TemplateError("an argument is a number that cannot be carried exactly", "inexact_number")
    if exact == 0:
        return "0"
    return format(exact.normalize(), "f")
