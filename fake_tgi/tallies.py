"""How often the same thing was asked: what tells apart askings that are equal otherwise."""

from __future__ import annotations

from typing import Final, Protocol

__all__ = ["LocalTally", "Tally"]

_HALF: Final = 50_000


class Tally(Protocol):
    """Counts for keys of 16 bytes; those of the last 100,000 different ones or so are kept."""

    def next(self, key: bytes) -> int:
        """How often `key` was asked for before; counts this time."""

    def clear(self) -> None:
        """Forgets all keys."""


class LocalTally:
    """A tally of one process. When the young half is full, it becomes the old one."""

    def __init__(self) -> None:
        self._old: dict[bytes, int] = {}
        self._young: dict[bytes, int] = {}

    def next(self, key: bytes) -> int:
        times = self._young.get(key)
        if times is None:
            times = self._old.get(key, 0)
            if len(self._young) >= _HALF:
                self._old, self._young = self._young, {}
        self._young[key] = times + 1
        return times

    def clear(self) -> None:
        self._old, self._young = {}, {}
