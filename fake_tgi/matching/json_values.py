"""Whether a value is one that JSON can say, and every walk over it ends.

Whoever takes a value from outside asks this once; from then on it can be compared, told and sent without a
thought: its objects have names that are texts, its numbers are finite and its texts can be written as UTF-8.
Nothing is nested deeper than `DEEPEST`: TGI refuses such bodies itself (serde_json's recursion limit).
"""

from __future__ import annotations

import math
from typing import Any, Final

from .differences import Difference, sendable, shown, step

__all__ = ["DEEPEST", "DIGITS", "NESTED", "unlike_json"]

DEEPEST: Final = 128
"""Lists and objects in one another."""

DIGITS: Final = 3000
"""Of a whole number; Python writes no number of more than 4300 as a text."""

NESTED: Final = f"at most {DEEPEST} lists and objects in one another"
"""What is expected of a value that is nested too deep."""

_BITS: Final = int(DIGITS / math.log10(2))
_LONGEST_PLACE: Final = 60
_WHAT: Final = "a value that JSON has"


def unlike_json(value: Any, where: str = "", *, expected: str = _WHAT) -> Difference | None:
    """The first part of a value that JSON cannot say, and why; None if it is JSON all through.

    `expected` is what to say where a part is of a type that JSON lacks.
    """
    # A list of what is still to be looked at, for a walk that calls itself would break where this must not.
    ahead = [(value, where, 0)]
    while ahead:
        each, place, depth = ahead.pop()
        if each is None or isinstance(each, bool):
            continue
        if isinstance(each, str):
            if not sendable(each):
                return Difference(place, "a text that UTF-8 can write", shown(each))
        elif isinstance(each, int):
            if each.bit_length() > _BITS:
                return Difference(place, f"a number of at most {DIGITS} digits", "a longer one")
        elif isinstance(each, float):
            if not math.isfinite(each):
                return Difference(place, "a finite number", repr(each))
        elif not isinstance(each, (dict, list, tuple)):
            return Difference(place, expected, shown(each))
        elif depth == DEEPEST:
            return Difference(f"{place[:_LONGEST_PLACE]}…", NESTED, "more")
        elif isinstance(each, dict):
            for name in each:
                if not isinstance(name, str):
                    return Difference(place, "names that are texts", shown(name))
                if not sendable(name):
                    return Difference(place, "a text that UTF-8 can write", shown(name))
            parts = [(member, step(place, name), depth + 1) for name, member in each.items()]
            ahead += reversed(parts)
        else:
            ahead += [(each[at], f"{place}[{at}]", depth + 1) for at in reversed(range(len(each)))]
    return None
