"""Caches that never grow past their bound, and that threads can share without a lock.

BoundedCache keeps two generations: when the young one is full, it becomes the old one, and what is asked for
again is carried over. Known is a dict that works out what it has not. Each step is one dict operation, so
two threads can at worst compute the same entry twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["BoundedCache", "Known"]

Key = TypeVar("Key")
Value = TypeVar("Value")


class BoundedCache(Generic[Key, Value]):
    """Recently used values, at most `entries` of them and at most `size` in all (in the caller's unit)."""

    __slots__ = ("_entries", "_old", "_size", "_used", "_young")

    def __init__(self, *, entries: int, size: int) -> None:
        self._entries = max(entries // 2, 1)
        self._size = max(size // 2, 1)
        self._young: dict[Key, tuple[Value, int]] = {}
        self._old: dict[Key, tuple[Value, int]] = {}
        self._used = 0

    def get(self, key: Key) -> Value | None:
        """The value put last under this key, or None when it is no longer kept."""
        found = self._young.get(key)
        if found is not None:
            return found[0]
        found = self._old.get(key)
        if found is None:
            return None
        self.put(key, found[0], found[1])
        return found[0]

    def put(self, key: Key, value: Value, size: int = 1) -> None:
        """Keeps a value. One that takes more than half of the whole cache is not kept."""
        if size > self._size:
            return
        if len(self._young) >= self._entries or self._used + size > self._size:
            self._old, self._young, self._used = self._young, {}, 0
        self._young[key] = (value, size)
        self._used += size

    def clear(self) -> None:
        """Forgets everything."""
        self._old, self._young, self._used = {}, {}, 0

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())


class Known(dict[str, Value], Generic[Value]):
    """What `work_out` makes of words and the like: to look one up again is a dict's own work.

    Forgets all of them when there are `most`; one of more than `longest` characters is not kept.
    """

    __slots__ = ("_longest", "_most", "_work_out")

    def __init__(self, work_out: Callable[[str], Value], most: int = 20_000, longest: int = 64) -> None:
        super().__init__()
        self._work_out = work_out
        self._most = most
        self._longest = longest

    def __missing__(self, word: str) -> Value:
        value = self._work_out(word)
        if len(word) <= self._longest:
            if len(self) >= self._most:
                self.clear()
            self[word] = value
        return value
