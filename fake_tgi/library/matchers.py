"""What a value must be, in words: `inputs=contains("hello")`, `parameters={"seed": anything()}`.

A bare value means equality, a function says yes or no, a compiled regular expression must be found; these
are for the rest. A missing member is null, as for the router.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..matching.values import Absent, Contains, Equals, Matches, Schema, Subset

__all__ = ["absent", "anything", "contains", "equals", "json_schema", "json_subset", "matches"]


def contains(part: Any) -> Contains:
    """A text with this text in it, or a list with this among its items."""
    return Contains(part)


def matches(regex: str | re.Pattern[str]) -> Matches:
    """A text in which this regular expression is found.

    Raises TypeError for what is no text (nor compiled from one), FormError (a ValueError) for a text that is
    no regular expression.
    """
    if not isinstance(regex.pattern if isinstance(regex, re.Pattern) else regex, str):
        raise TypeError(f"matches: expected a regular expression, as a text or compiled, got {regex!r}")
    return Matches(regex)


def equals(value: Any) -> Equals:
    """This very value; 1 is 1.0, `True` is not 1, and None is a missing one."""
    return Equals(value)


def json_subset(members: Mapping[str, Any]) -> Subset:
    """An object with at least these members, at any depth; it may have more. Lists are compared whole."""
    return Subset(members)


def json_schema(schema: Mapping[str, Any] | bool) -> Schema:
    """A value that satisfies this JSON Schema (2020-12). Raises FormError (a ValueError) for what is none."""
    return Schema(schema)


def anything() -> Absent:
    """Whatever it is, as long as it is there."""
    return Absent(False)


def absent() -> Absent:
    """Nothing: missing, or null."""
    return Absent()
