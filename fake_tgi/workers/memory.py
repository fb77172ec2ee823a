"""What all workers count together, in memory that they share: askings of the same request, and permits.

Each step is a few reads and writes under one lock, held for microseconds. The memory belongs to whoever made
it and goes with the last process that has it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnContext
from struct import Struct
from typing import Any, Final

from ..limits import Permits

__all__ = ["SharedMemory", "SharedPermits", "SharedTally"]

_KEY: Final = 16
_READ: Final = Struct("16sQ").unpack_from
_WRITE: Final = Struct("16sQ").pack_into
_ROW: Final = _KEY + 8
_SLOTS: Final = 1 << 17
"""Rows of each of a tally's two tables; a table counts as full when half of them are taken."""


class SharedTally:
    """A tally (fake_tgi/tallies.py) of several processes.

    Hash tables with open addressing, a young and an old one, as in BoundedCache. `slots`, the rows of each,
    must be a power of two.
    """

    def __init__(self, context: SpawnContext, slots: int = _SLOTS) -> None:
        self._slots = slots
        self._lock = context.Lock()
        self._head: Any = context.RawArray(ctypes.c_uint64, 2)  # which table is young; rows taken in it
        self._rows: Any = context.RawArray(ctypes.c_char, 2 * slots * _ROW)

    def next(self, key: bytes) -> int:
        """How often `key` was asked for before; counts this time."""
        head = self._head
        with self._lock:
            young = int(head[0])
            at, times = self._find(young, key)
            if not times:
                times = self._find(1 - young, key)[1]
                if 2 * head[1] >= self._slots:
                    young = 1 - young
                    self._empty(young)
                    head[0], head[1] = young, 0
                    at, _ = self._find(young, key)
                head[1] += 1
            _WRITE(self._rows, at, key, times + 1)
        return times

    def clear(self) -> None:
        """Forgets all keys."""
        with self._lock:
            self._empty(0)
            self._empty(1)
            self._head[1] = 0

    def _find(self, table: int, key: bytes) -> tuple[int, int]:
        """Where in a table `key` is or goes, and its count, 0 where it is not."""
        slot = int.from_bytes(key[:8], "little")
        while True:  # at most half of the rows are taken
            slot &= self._slots - 1
            at = (table * self._slots + slot) * _ROW
            found, times = _READ(self._rows, at)
            if not times or found == key:
                return at, times
            slot += 1

    def _empty(self, table: int) -> None:
        size = self._slots * _ROW
        ctypes.memset(ctypes.addressof(self._rows) + table * size, 0, size)


class SharedPermits(Permits):
    """Permits that all workers take from one heap."""

    __slots__ = ("_lock", "_numbers", "_refusing")

    def __init__(self, context: SpawnContext, total: int) -> None:
        self._refusing = False
        self.turned_away = 0
        self._lock = context.Lock()
        self._numbers: Any = context.RawArray(ctypes.c_int64, [total, total])

    def __getstate__(self) -> Any:
        return self._lock, self._numbers

    def __setstate__(self, state: Any) -> None:
        self._lock, self._numbers = state
        self._refusing = False
        self.turned_away = 0

    @property
    def total(self) -> int:  # type: ignore[override]
        """All slots."""
        return int(self._numbers[0])

    @property
    def free(self) -> int:  # type: ignore[override]
        """Slots that nobody has, and that this process may take."""
        return 0 if self._refusing else int(self._numbers[1])

    def acquire(self) -> bool:
        """Takes a slot if one is free; says whether it did."""
        with self._lock:
            if self._refusing or self._numbers[1] <= 0:
                self.turned_away += 1
                return False
            self._numbers[1] -= 1
            return True

    def release(self) -> None:
        """Gives a slot back."""
        with self._lock:
            self._numbers[1] += 1

    @contextmanager
    def refused(self) -> Iterator[None]:
        """No slot is to be had in this process while this lasts."""
        self._refusing = True
        try:
            yield
        finally:
            self._refusing = False

    def resize(self, total: int) -> None:
        """Changes the number of slots; those in use stay in use."""
        with self._lock:
            self._numbers[1] += total - self._numbers[0]
            self._numbers[0] = total


class SharedMemory:
    """Everything that the workers of one fake count together."""

    def __init__(self, context: SpawnContext, permits: int) -> None:
        self.seeds = SharedTally(context)
        self.chances = SharedTally(context)
        self.permits = SharedPermits(context, permits)
