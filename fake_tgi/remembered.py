"""What was worked out of a value is remembered for the object and not for what it is equal to.

Values that are used again and again (the parameters of a load test, the tokens of a seeded model) are the
same objects each time, and comparing two of them would cost more than is saved. What is remembered keeps its
object, so no other object can have the id that it is found by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Generic, TypeVar

__all__ = ["Remembered"]

Key = TypeVar("Key")
Value = TypeVar("Value")

_second = itemgetter(1)


class Remembered(Generic[Key, Value]):
    """The function `work_out`, which must depend on its argument alone. Keeps at most `most` results, and the
    objects that they belong to; forgets all of them when there are more. Safe to share over threads."""

    __slots__ = ("_known", "_most", "_work_out")

    def __init__(self, work_out: Callable[[Key], Value], most: int = 1000) -> None:
        self._work_out = work_out
        self._most = most
        self._known: dict[int, tuple[Key, Value]] = {}

    def __call__(self, item: Key) -> Value:
        try:
            return self._known[id(item)][1]
        except KeyError:
            pass
        value = self._work_out(item)
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[id(item)] = (item, value)
        return value

    def of(self, items: Iterable[Key]) -> list[Value]:
        """The results of all `items`: no Python runs for one that is remembered."""
        items = tuple(items)
        try:
            return [*map(_second, map(self._known.__getitem__, map(id, items)))]
        except KeyError:
            return [*map(self, items)]
