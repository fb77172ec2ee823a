"""Durations as people write them: a number and a unit, `20ms`, `1.5s`. No unit means nothing but for 0."""

from __future__ import annotations

import math
import re
from typing import Final

__all__ = ["UNITS", "TimingError", "duration", "written"]

UNITS: Final[dict[str, float]] = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
"""Seconds in each unit."""

_WRITTEN = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([a-zµμ]*)")


class TimingError(ValueError):
    """A duration, distribution or profile that cannot be read: what was expected and what came."""


def duration(text: str) -> float:
    """Seconds of `text`. Raises TimingError: a bare number is not guessed at."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise TimingError(f"expected a duration such as 20ms or 1.5s, got {text!r}")
    number, unit = float(found[1]), found[2].replace("μ", "µ")  # two characters look like micro
    if not unit and number == 0:
        return 0.0
    if unit not in UNITS:
        what = f"{text.strip()!r} has no unit" if not unit else f"{unit!r} is no unit"
        raise TimingError(f"expected a duration such as 20ms or 1.5s ({', '.join(UNITS)}): {what}")
    return number * UNITS[unit]


def written(seconds: float) -> str:
    """`seconds` as `duration` reads it, in the unit that suits."""
    if not math.isfinite(seconds):
        raise TimingError(f"expected a finite number of seconds, got {seconds}")
    if seconds == 0:
        return "0ms"
    unit = "s" if seconds >= 1 else "ms" if seconds >= 0.001 else "us"
    return f"{seconds / UNITS[unit]:.9g}{unit}"
