"""Reads JSON exactly or not at all: a member that occurs twice, or a number that is none, is refused."""

from __future__ import annotations

import json
from typing import Any


def parse_object(text: str | bytes) -> dict[str, Any]:
    """The one JSON object in a text.

    Raises:
        ValueError: saying nothing of the text.
    """
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ValueError("the text is not JSON") from None
    if not isinstance(value, dict):
        raise ValueError("the value is not an object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a member name occurs twice")
    return value


def _refuse(_: str) -> Any:
    raise ValueError("a number is none")
