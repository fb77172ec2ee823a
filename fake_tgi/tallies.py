"""How often the same thing was asked: what tells apart askings that are equal otherwise."""

from __future__ import annotations

from typing import Protocol

from .caches import BoundedCache

__all__ = ["LocalTally", "Tally"]


class Tally(Protocol):
    """Counts for keys of 16 bytes; those of the last 100,000 different ones or so are kept."""

    def next(self, key: bytes) -> int:
        """How often `key` was asked for before; counts this time."""

    def clear(self) -> None:
        """Forgets all keys."""


class LocalTally:
    """A tally of one process."""

    def __init__(self) -> None:
        self._seen: BoundedCache[bytes, int] = BoundedCache(entries=100_000, size=100_000)

    def next(self, key: bytes) -> int:
        times = self._seen.get(key) or 0
        self._seen.put(key, times + 1)
        return times

    def clear(self) -> None:
        self._seen.clear()
