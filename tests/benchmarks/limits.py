"""Limits of what is measured: which figures miss theirs, and which of those misses are known.

A limit stays what was set out to reach, also where it is not reached: the page marks the figure as missed and
says why. A check fails for a figure that misses its limit and is not in KNOWN, or is worse than what is known
of it. What is known and no longer missed is told, so that it is taken from the list. A time is not held
against the fake where a server that does nothing misses the limit in the same run: then the machine is busy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["KNOWN", "Judged", "Known", "Limit", "Verdict", "verdict"]


SAME: Final = 1.5  # times a floor's figure: as good as the same, on a machine that is not quiet


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that `what` may be; the least, where more is better."""

    what: str
    bound: float
    at_least: bool = False
    unit: str = "×"

    def worse(self, found: float, than: float) -> bool:
        """Whether a figure is on the wrong side of another."""
        return found < than if self.at_least else found > than

    def shown(self, found: float | None = None) -> str:
        """For a column of limits; says so where this figure misses it."""
        text = f"{'≥' if self.at_least else '≤'} {_number(self.bound, self.unit)}"
        return f"{text} (missed)" if found is not None and self.worse(found, self.bound) else text


@dataclass(frozen=True, slots=True)
class Judged:
    """A figure with its limit.

    `floor`: for times, which a busy machine makes longer: what a server that does next to nothing had in the
    same run. A miss that it shares is the machine's.
    """

    limit: Limit
    found: float
    floor: float | None = None

    def __str__(self) -> str:
        found = _number(self.found, self.limit.unit)
        return f"{self.limit.what}: {found}, limit {self.limit.shown()}"

    @property
    def missed(self) -> bool:
        """Whether the figure is on the wrong side of its limit."""
        return self.limit.worse(self.found, self.limit.bound)

    @property
    def shared(self) -> bool:
        """Whether the floor misses the limit, too, and not by much less."""
        floor = self.floor
        if floor is None or not self.limit.worse(floor, self.limit.bound):
            return False
        return not self.limit.worse(self.found, floor * SAME)


@dataclass(frozen=True, slots=True)
class Known:
    """A limit that is missed: up to which figure that is no news, and why it is so."""

    up_to: float
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says: misses that are known, those that are not or have grown, and those that are gone."""

    known: tuple[str, ...]
    regressions: tuple[str, ...]
    met: tuple[str, ...]


KNOWN: Final[Mapping[str, Known]] = {
    "plugin: 1,000 tests": Known(
        2.4,
        "1.4 to 2.4 from run to run: to wake the server's thread costs more on a busy machine",
    ),
    "client: async_unary": Known(
        0.52, "0.42 to 0.47 from run to run: aiohttp's own part of a call is most of it, for both clients"
    ),
}
"""Missed limits, each with what it may grow to before that is news: a busy machine adds a third."""


def verdict(judged: Sequence[Judged], known: Mapping[str, Known] = KNOWN) -> Verdict:
    """Sort figures that have a limit."""
    expected: list[str] = []
    regressions: list[str] = []
    met: list[str] = []
    for each in judged:
        entry = known.get(each.limit.what)
        if not each.missed:
            if entry is not None:
                met.append(f"{each}: met, so take it from the list of known misses")
        elif each.shared and each.floor is not None:
            expected.append(f"{each}; the floor of the same run: {_number(each.floor, each.limit.unit)}")
        elif entry is None:
            regressions.append(str(each))
        elif each.limit.worse(each.found, entry.up_to):
            regressions.append(f"{each}, known only up to {_number(entry.up_to, each.limit.unit)}")
        else:
            expected.append(f"{each}: {entry.why}")
    return Verdict(tuple(expected), tuple(regressions), tuple(met))


def _number(value: float, unit: str) -> str:
    digits = 2 if unit == "×" else 1
    return f"{value:,.{digits}f}{unit if unit == '×' else ' ' + unit}"
