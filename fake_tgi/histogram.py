"""A histogram as Prometheus has it. What is observed is put aside, and sorted in when somebody looks.

Many values sorted in at once cost a fifth of as many one after the other.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from operator import add, mul
from typing import Final

__all__ = ["TOGETHER", "Histogram"]

TOGETHER: Final = 512
"""Values are sorted in at the latest when there are so many."""


class Histogram:
    """Counts of observations by upper bound, their sum and their number."""

    __slots__ = ("_count", "_counts", "_sum", "_values", "bounds")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._count = 0
        self._values: list[float] = []
        """Observed and not sorted in yet: many at once cost a fifth of one after the other."""

    def observe(self, value: float, times: int = 1) -> None:
        """Adds `value`, `times` over."""
        if times == 1:
            self._values.append(value)
            if len(self._values) >= TOGETHER:
                self._settle()
            return
        self._counts[bisect_left(self.bounds, value)] += times
        self._sum += value * times
        self._count += times

    def observe_all(self, values: Iterable[float]) -> None:
        """Adds each of `values`."""
        self._values += values
        if len(self._values) >= TOGETHER:
            self._settle()

    def observe_often(self, values: Sequence[float], times: Sequence[int]) -> None:
        """Adds each of `values`, each as often as `times` says."""
        counts, bounds = self._counts, self.bounds
        for value, number in zip(values, times, strict=True):
            counts[bisect_left(bounds, value)] += number
        self._sum += sum(map(mul, values, times))
        self._count += sum(times)

    @property
    def counts(self) -> list[int]:
        """How many values are in each bucket and in none below it; the last is for those above all bounds."""
        self._settle()
        return self._counts

    @property
    def sum(self) -> float:
        """Of all values."""
        self._settle()
        return self._sum

    @property
    def count(self) -> int:
        """How many values there are."""
        self._settle()
        return self._count

    def _settle(self) -> None:
        values = self._values
        if not values:
            return
        self._values = []
        values.sort()
        self._count += len(values)
        self._sum += sum(values)
        counts, before = self._counts, 0
        for bucket, bound in enumerate(self.bounds):
            if before == len(values):
                return
            if values[before] <= bound:
                behind = bisect_right(values, bound, before)
                counts[bucket] += behind - before
                before = behind
        counts[-1] += len(values) - before

    def add(self, other: Histogram) -> None:
        """Adds what another one, of the same bounds, was given."""
        self._settle()
        self._counts = list(map(add, self._counts, other.counts))
        self._sum += other.sum
        self._count += other.count
