"""How the model is, as JSON: what `/__admin/health` and the group `health` of the settings take."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..model import Condition
from .bodies import known, member

__all__ = ["read_condition"]

_NAMES = tuple(Condition.__slots__)


def read_condition(body: dict[str, Any], before: Condition, where: str = "") -> Condition:
    """The condition that a body makes of the one `before`. Raises FormatError."""
    known(body, _NAMES, where)
    given: dict[str, Any] = {}
    for name in set(body).intersection(("sick", "untrusted", "gone")):
        given[name] = member(body, name, bool, "true or false", where=where)
    if "crash_message" in body:
        given["crash_message"] = member(body, "crash_message", str, "a string", where=where)
    if "crash_after" in body:
        given["crash_after"] = member(
            body,
            "crash_after",
            (int, type(None)),
            "a number of tokens from 0, or null",
            where=where,
            fits=lambda number: number is None or number >= 0,
        )
    return replace(before, **given)
