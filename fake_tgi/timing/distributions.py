"""How long something takes, as a value: always the same, or drawn from a distribution.

A distribution holds no randomness. Whoever draws brings a generator, so that the same seed gives the same
times. What a distribution would put below zero is zero.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, Protocol

from .durations import TimingError, duration, written

__all__ = [
    "NO_TIME",
    "Constant",
    "Distribution",
    "LogNormal",
    "Normal",
    "Recorded",
    "Uniform",
    "distribution",
]


class Distribution(Protocol):
    """Draws seconds, never negative. `str` gives the text that `distribution` reads."""

    @property
    def fixed(self) -> float | None:
        """The one value it always has, in seconds; None where it must be drawn."""

    @property
    def mean(self) -> float:
        """Seconds on average, before anything is cut off at zero."""

    def draw(self, random: Random) -> float:
        """One value, in seconds."""


@dataclass(frozen=True, slots=True)
class Constant:
    """Always `seconds`."""

    seconds: float

    @property
    def fixed(self) -> float | None:
        return self.seconds

    @property
    def mean(self) -> float:
        return self.seconds

    def draw(self, random: Random) -> float:
        return self.seconds

    def __str__(self) -> str:
        return written(self.seconds)


NO_TIME: Final = Constant(0.0)
"""What takes none."""


@dataclass(frozen=True, slots=True)
class Normal:
    """A bell curve: mean and standard deviation in seconds."""

    mean: float
    deviation: float

    @property
    def fixed(self) -> float | None:
        return None

    def draw(self, random: Random) -> float:
        return max(random.gauss(self.mean, self.deviation), 0.0)

    def __str__(self) -> str:
        return f"normal({written(self.mean)},{written(self.deviation)})"


@dataclass(frozen=True, slots=True)
class LogNormal:
    """A long tail: half of all values lie below `median` (seconds); `sigma` is that of the logarithm.

    As in WireMock: with sigma 0.1 95 % lie within a fifth of the median, with 1 within a factor of seven.
    """

    median: float
    sigma: float

    @property
    def fixed(self) -> float | None:
        return None

    @property
    def mean(self) -> float:
        return self.median * math.exp(self.sigma**2 / 2)

    def draw(self, random: Random) -> float:
        return self.median * math.exp(random.gauss(0.0, self.sigma))

    def __str__(self) -> str:
        return f"lognormal({written(self.median)},{self.sigma:g})"


@dataclass(frozen=True, slots=True)
class Uniform:
    """Anything between two bounds, in seconds, equally often."""

    low: float
    high: float

    @property
    def fixed(self) -> float | None:
        return None

    @property
    def mean(self) -> float:
        return (self.low + self.high) / 2

    def draw(self, random: Random) -> float:
        return random.uniform(self.low, self.high)

    def __str__(self) -> str:
        return f"uniform({written(self.low)},{written(self.high)})"


@dataclass(frozen=True, slots=True)
class Recorded:
    """Values that were measured, in seconds, each as likely as the others. `path` is where they stood."""

    values: tuple[float, ...]
    path: str = ""

    @property
    def fixed(self) -> float | None:
        return None

    @property
    def mean(self) -> float:
        return math.fsum(self.values) / len(self.values)

    def draw(self, random: Random) -> float:
        return self.values[random.randrange(len(self.values))]

    def __str__(self) -> str:
        return f"recorded({self.path})"


_KINDS: Final = "20ms, normal(20ms,5ms), lognormal(800ms,0.4), uniform(10ms,30ms) or recorded(FILE)"
_CALL = re.compile(r"([a-z]+)\((.*)\)", re.DOTALL)


def distribution(text: str) -> Distribution:
    """Reads a distribution; a bare duration is a constant. Raises TimingError.

    `recorded(FILE)` reads the file at once: one duration with a unit a line; empty lines and what follows
    a `#` do not count.
    """
    found = _CALL.fullmatch(text.strip())
    if found is None:
        try:
            return Constant(duration(text))
        except TimingError as error:
            raise TimingError(f"{error}; or one of {_KINDS}") from None
    name, inside = found[1], found[2]
    read = _READERS.get(name)
    if read is None:
        raise TimingError(f"expected {_KINDS}, got {text!r}")
    try:
        return read(inside)
    except TimingError as error:
        raise TimingError(f"{name}: {error}") from None


def _two(inside: str) -> tuple[str, str]:
    parts = inside.split(",")
    if len(parts) != 2:
        raise TimingError(f"expected two values and a comma between them, got {inside!r}")
    return parts[0], parts[1]


def _normal(inside: str) -> Distribution:
    mean, deviation = _two(inside)
    return Normal(duration(mean), duration(deviation))


def _lognormal(inside: str) -> Distribution:
    median, sigma = _two(inside)
    try:
        spread = float(sigma)
    except ValueError:
        spread = -1.0
    if not 0 <= spread <= 10:
        raise TimingError(f"expected a sigma from 0 to 10, without a unit, got {sigma.strip()!r}")
    return LogNormal(duration(median), spread)


def _uniform(inside: str) -> Distribution:
    low, high = map(duration, _two(inside))
    if low > high:
        raise TimingError(f"expected the lower bound first, got {inside!r}")
    return Uniform(low, high)


def _recorded(inside: str) -> Distribution:
    path = Path(inside.strip())
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise TimingError(f"cannot read {path}: {reason}") from error
    values = []
    for number, line in enumerate(lines, 1):
        written_there = line.partition("#")[0].strip()
        if not written_there:
            continue
        try:
            values.append(duration(written_there))
        except TimingError as error:
            raise TimingError(f"{path}, line {number}: {error}") from None
    if not values:
        raise TimingError(f"{path} holds no durations: expected one a line, such as 20ms")
    return Recorded(tuple(values), str(path))


_READERS: Final[dict[str, Callable[[str], Distribution]]] = {
    "normal": _normal,
    "lognormal": _lognormal,
    "uniform": _uniform,
    "recorded": _recorded,
}
