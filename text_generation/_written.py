"""What a client has written before: most calls of a program differ in their prompt only. No I/O.

Rules: parameters are the same when their names, values and types are (True equals 1, and is not written so);
what can change between two calls, or cannot be hashed, is written anew. Safe between threads.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["Written"]

_MOST = 64
_UNCHANGING = frozenset((type(None), bool, int, float, str))


class Written:
    """Parameters by what they were written as."""

    __slots__ = ("_known", "_last")

    def __init__(self) -> None:
        self._known: dict[Any, bytes] = {}
        self._last: tuple[bool, tuple[str, ...], tuple[Any, ...], bytes] | None = None

    def find(self, stream: bool, parameters: Mapping[str, Any], write: Callable[[], bytes]) -> bytes:
        """What `write` once returned, or returns now, for these parameters."""
        names, values = tuple(parameters), tuple(parameters.values())
        last = self._last
        # The very objects of the last call: cheaper to see than to hash them.
        if (
            last is not None
            and last[0] is stream
            and last[1] == names
            and all(map(operator.is_, last[2], values))
        ):
            return last[3]
        fixed = tuple([tuple(value) if type(value) is list else value for value in values])
        try:
            key = (stream, names, fixed, tuple(map(type, values)))
            found = self._known.get(key)
        except TypeError:  # a grammar
            return write()
        if found is None:
            found = write()
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[key] = found
        if all(value == () or type(value) in _UNCHANGING for value in values):
            self._last = stream, names, values, found
        return found
