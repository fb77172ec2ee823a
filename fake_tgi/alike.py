"""Bodies that are like one that was read before, but for one string: the requests of a load test, of a suite.

Of two JSON texts that differ only inside one plain string, the values differ only in that string. So what was
made of the one holds for the other, and nothing of it is read again. What became of the string is seen by
reading the body with a mark in its place. A body that no other is like is not remembered.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from .caches import BoundedCache

__all__ = ["MARK", "Alike"]

T = TypeVar("T")

MARK: Final = "\ufffe\ufdd0the text that differs\ufdd1\uffff"
"""Stands for the string in what is remembered; no text that anybody sends."""

_LONGEST: Final = 8192  # bytes; a longer body costs little more to read than to look through
# JSON prints these characters as they are. A key is never what differs. What stands between two strings, with
# a long number in it, begins like one of these four: a string that does so is left alone, too.
_LAST_STRING: Final = re.compile(rb'.*"(?![]:,}])([^"\\\x00-\x1f]{8,})"(?! *:)', re.DOTALL).match
_MARK: Final = MARK.encode()
_ONCE: Final = object()


class Alike(Generic[T]):
    """What was made of bodies, for all that are like them but for their last plain string of some length.

    `make` gives what to remember of a body that has `MARK` in that place. Safe to share over threads.
    """

    __slots__ = ("_known", "_last", "_make")

    def __init__(self, make: Callable[[bytes], T]) -> None:
        self._make = make
        self._known: BoundedCache[tuple[bytes, bytes], Any] = BoundedCache(entries=2000, size=2_000_000)
        self._last: tuple[bytes, bytes, int, int, Any] = (b"\0", b"", 1, 0, None)  # no JSON begins so
        """The kind that was found last: what stands before and behind the string, from where to where that
        is, and what was made of it."""

    def find(self, body: bytes) -> tuple[T, str] | None:
        """What was made of such a body, and the string that `MARK` stands for in it; None for a new one."""
        before, behind, start, end, made = self._last
        if body.startswith(before) and body.endswith(behind) and len(body) >= start - end:
            string = body[start:end]
            if b'"' not in string and b"\\" not in string:
                try:
                    text = string.decode()
                except UnicodeDecodeError:
                    return None
                if text.isprintable():
                    return made, text
        return self._look(body)

    def _look(self, body: bytes) -> tuple[T, str] | None:
        """The same without a guess of the kind."""
        if len(body) > _LONGEST:
            return None
        found = _LAST_STRING(body)
        if found is None:
            return None
        start, end = found.span(1)
        before, behind = rest = body[:start], body[end:]
        known = self._known.get(rest)
        if known is None:
            self._known.put(rest, _ONCE, len(body))
            return None
        if known is _ONCE:
            known = (self._make(before + _MARK + behind),)
            self._known.put(rest, known, len(body))
        try:
            text = body[start:end].decode()
        except UnicodeDecodeError:
            return None
        self._last = before, behind, start, -len(behind), known[0]
        return known[0], text
