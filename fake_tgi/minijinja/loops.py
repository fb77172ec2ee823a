"""The `loop` variable: where a loop stands, and what it knows of its items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from .comparison import equal
from .display import Printable
from .errors import UNKNOWN_METHOD, Failure
from .values import ABSENT, UNDEFINED, MapLike, Value, iterate, size_hint

__all__ = ["Loop"]

_NAMES: Final = (
    "index0",
    "index",
    "length",
    "revindex",
    "revindex0",
    "first",
    "last",
    "depth",
    "depth0",
    "previtem",
    "nextitem",
)


class Loop(MapLike, Printable):
    """One loop over `iterable`, which knows its length only if that does.

    `recurse` runs the loop's body in a state (which is built upon this) over something else, if the loop is
    recursive.
    """

    __slots__ = ("_ahead", "_before", "_changed", "_current", "_items", "depth", "index", "recurse", "size")

    def __init__(self, iterable: Value, depth: int, recurse: Callable[[Any, Value], None] | None) -> None:
        self._items: Iterator[Value] = iterate(iterable)
        self.size = size_hint(iterable)
        self.index = -1
        self.depth = depth
        self.recurse = recurse
        self._before: Value = ABSENT
        self._current: Value = ABSENT
        self._ahead: Value = ABSENT
        self._changed: list[Value] | None = None

    def next(self) -> Value:
        """The next item, or ABSENT after the last one."""
        self.index += 1
        self._before = self._current
        self._current, self._ahead = self._ahead, ABSENT
        if self._current is ABSENT:
            self._current = next(self._items, ABSENT)
        return self._current

    def keys(self) -> Sequence[Value]:
        return _NAMES

    def get(self, key: Value) -> Value:
        if key not in _NAMES:
            return ABSENT
        if self.index < 0:
            return UNDEFINED
        size, index = self.size, self.index
        match key:
            case "index0":
                return index
            case "index":
                return index + 1
            case "length":
                return UNDEFINED if size is None else size
            case "revindex":
                return UNDEFINED if size is None else max(size - index, 0)
            case "revindex0":
                return UNDEFINED if size is None else max(size - index - 1, 0)
            case "first":
                return index == 0
            case "last":
                return size is not None and (size == 0 or index == size - 1)
            case "depth":
                return self.depth + 1
            case "depth0":
                return self.depth
            case "previtem":
                return UNDEFINED if self._before is ABSENT else self._before
        if self._ahead is ABSENT:
            self._ahead = next(self._items, ABSENT)
        return UNDEFINED if self._ahead is ABSENT else self._ahead

    def method(self, name: str, given: Sequence[Value]) -> Value:
        """`loop.changed(…)` and `loop.cycle(…)`."""
        if name == "changed":
            values = list(given)
            changed = self._changed is None or not equal(self._changed, values)
            if changed:
                self._changed = values
            return changed
        if name == "cycle" and given:
            return given[self.index % len(given)]
        raise Failure(UNKNOWN_METHOD)

    def printed(self) -> str:
        return f"<loop {self.index}/{'?' if self.size is None else self.size}>"
