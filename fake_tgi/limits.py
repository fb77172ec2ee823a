"""How many generations may run at once.

A permit is taken without waiting and held for the life of a generation: best_of and several prompts take
several (router/src/infer/mod.rs, `limit_concurrent_requests`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Permits"]


class Permits:
    """A counter of free slots. Not thread-safe: one event loop owns it."""

    __slots__ = ("free", "total", "turned_away")

    def __init__(self, total: int) -> None:
        self.total = total
        self.free = total
        self.turned_away = 0
        """How often there was none."""

    def acquire(self) -> bool:
        """Takes a slot if one is free; says whether it did."""
        if self.free <= 0:
            self.turned_away += 1
            return False
        self.free -= 1
        return True

    def release(self) -> None:
        """Gives a slot back."""
        self.free += 1

    @contextmanager
    def refused(self) -> Iterator[None]:
        """No slot is to be had while this lasts; not to be left for another call meanwhile."""
        free, self.free = self.free, 0
        try:
            yield
        finally:
            self.free += free

    def resize(self, total: int) -> None:
        """Changes the number of slots; those in use stay in use."""
        self.free += total - self.total
        self.total = total
