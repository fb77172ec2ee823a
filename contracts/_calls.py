"""Calls of functions in a model's text, read as the router reads them.

A call is `{"function": {"_name": NAME, ...arguments}}`. Members beside `function` do not matter; neither of
the two may come twice. A list with the inner object in it counts as well. Numbers are those of the router:
whole ones beyond 64 bits become floats, and so does -0.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

__all__ = ["Call", "call_in", "same_json"]

_LEAST: Final = -(2**63)
_MOST: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Call:
    """A function's name, and what it is called with."""

    name: str
    arguments: Mapping[str, Any]


def call_in(text: str) -> Call | None:
    """The call that a whole text is, if it is one."""
    try:
        value = json.loads(text, parse_int=_whole, parse_constant=_none, object_pairs_hook=_Members)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, _Members):
        functions = [member for name, member in value.pairs if name == "function"]
    else:
        functions = value if isinstance(value, list) else []
    if len(functions) != 1 or not isinstance(functions[0], _Members):
        return None
    names = [member for name, member in functions[0].pairs if name == "_name"]
    if len(names) != 1 or not isinstance(names[0], str):
        return None
    return Call(names[0], _plain(_Members([pair for pair in functions[0].pairs if pair[0] != "_name"])))


def same_json(left: Any, right: Any) -> bool:
    """Whether two values read the same. 1 and 1.0 do not; the last digit of a float may differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_json(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_json, left, right))
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-15)
    return type(left) is type(right) and bool(left == right)


class _Members:
    """An object whose members may come twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def _plain(value: Any) -> Any:
    if isinstance(value, _Members):
        return {name: _plain(member) for name, member in value.pairs}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _whole(digits: str) -> int | float:
    # Thousands of digits are beyond what Python turns into a number, and beyond a float.
    number = float(digits)
    if abs(number) < 2.0**65 and digits != "-0" and _LEAST <= int(digits) <= _MOST:
        return int(digits)
    if math.isinf(number):
        _none(digits)
    return number


def _none(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON that the router reads")
