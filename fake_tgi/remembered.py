"""What was worked out of a value is remembered for the object and not for what it is equal to.

Values that are used again and again (the parameters of a load test, the tokens of a seeded model) are the
same objects each time, and comparing two of them would cost more than is saved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

__all__ = ["Remembered"]

Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """The function `work_out`, which must depend on its argument alone. Keeps at most `most` results, and the
    objects that they belong to; forgets all of them when there are more. Safe to share over threads."""

    __slots__ = ("_known", "_most", "_work_out")

    def __init__(self, work_out: Callable[[Key], Value], most: int = 1000) -> None:
        self._work_out = work_out
        self._most = most
        self._known: dict[int, tuple[Key, Value]] = {}

    def __call__(self, item: Key) -> Value:
        known = self._known.get(id(item))
        if known is not None and known[0] is item:
            return known[1]
        value = self._work_out(item)
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[id(item)] = (item, value)
        return value

    def of(self, items: Iterable[Key]) -> list[Value]:
        """The results of all `items`: no Python runs for one that is remembered."""
        known = self._known.get
        return [
            found[1] if (found := known(id(item))) is not None and found[0] is item else self(item)
            for item in items
        ]
