"""Dates and times as Rust's chrono writes them, for `strftime_now`: C's letters, always in English."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

__all__ = ["format_time"]

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_SPECIFIER = re.compile(r"%([-_0]?)(::?:?z|#z|\.[369]?f|[369]f|.)", re.DOTALL)

# letter: digits, what they are padded with, the number
_NUMBERS: Final[dict[str, tuple[int, str, Callable[[datetime], int]]]] = {
    "Y": (4, "0", lambda when: when.year),
    "C": (2, "0", lambda when: when.year // 100),
    "y": (2, "0", lambda when: when.year % 100),
    "q": (1, "", lambda when: (when.month + 2) // 3),
    "m": (2, "0", lambda when: when.month),
    "d": (2, "0", lambda when: when.day),
    "e": (2, " ", lambda when: when.day),
    "w": (1, "", lambda when: when.isoweekday() % 7),
    "u": (1, "", lambda when: when.isoweekday()),
    "U": (2, "0", lambda when: (when.timetuple().tm_yday + 6 - when.isoweekday() % 7) // 7),
    "W": (2, "0", lambda when: (when.timetuple().tm_yday + 6 - when.weekday()) // 7),
    "G": (4, "0", lambda when: when.isocalendar()[0]),
    "g": (2, "0", lambda when: when.isocalendar()[0] % 100),
    "V": (2, "0", lambda when: when.isocalendar()[1]),
    "j": (3, "0", lambda when: when.timetuple().tm_yday),
    "H": (2, "0", lambda when: when.hour),
    "k": (2, " ", lambda when: when.hour),
    "I": (2, "0", lambda when: when.hour % 12 or 12),
    "l": (2, " ", lambda when: when.hour % 12 or 12),
    "M": (2, "0", lambda when: when.minute),
    "S": (2, "0", lambda when: when.second),
    "f": (9, "0", lambda when: when.microsecond * 1000),
    "s": (1, "", lambda when: int(when.timestamp())),
}
_TEXTS: Final[dict[str, Callable[[datetime], str]]] = {
    "A": lambda when: _DAYS[when.weekday()],
    "a": lambda when: _DAYS[when.weekday()][:3],
    "B": lambda when: _MONTHS[when.month - 1],
    "b": lambda when: _MONTHS[when.month - 1][:3],
    "h": lambda when: _MONTHS[when.month - 1][:3],
    "p": lambda when: "AM" if when.hour < 12 else "PM",
    "P": lambda when: "am" if when.hour < 12 else "pm",
    "Z": lambda when: _offset(when, ":"),
    "z": lambda when: _offset(when, ""),
    ":z": lambda when: _offset(when, ":"),
    "::z": lambda when: _offset(when, ":") + ":00",
    ":::z": lambda when: _offset(when, "")[:3],
    ".f": lambda when: _fraction(when),
    "t": lambda when: "\t",
    "n": lambda when: "\n",
    "%": lambda when: "%",
}
_COMPOSED: Final = {
    "D": "%m/%d/%y",
    "x": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "v": "%e-%b-%Y",
    "R": "%H:%M",
    "T": "%H:%M:%S",
    "X": "%H:%M:%S",
    "r": "%I:%M:%S %p",
    "c": "%a %b %e %H:%M:%S %Y",
    "+": "%Y-%m-%dT%H:%M:%S%.f%:z",
}
_PADDING: Final = {"-": "", "_": " ", "0": "0"}


def format_time(when: datetime, pattern: str) -> str:
    """`when`, which knows its offset from UTC, by chrono's `pattern`. Raises ValueError if that is none."""

    def replaced(match: re.Match[str]) -> str:
        flag, letter = match.groups()
        if letter in _NUMBERS:
            width, padding, number = _NUMBERS[letter]
            padding = _PADDING.get(flag, padding)
            return str(number(when)).rjust(width, padding) if padding else str(number(when))
        if letter in _TEXTS:
            return _TEXTS[letter](when)
        if letter in _COMPOSED:
            return format_time(when, _COMPOSED[letter])
        if letter.endswith("f"):
            digits = f"{when.microsecond * 1000:09d}"[: int(letter[-2])]
            return digits if letter[0] != "." else "." + digits
        raise ValueError(f"expected a format of chrono's, got {match.group()!r} in {pattern!r}")

    if pattern.endswith("%") and (len(pattern) - len(pattern.rstrip("%"))) % 2:
        raise ValueError(f"expected a letter after the last % of {pattern!r}")
    return _SPECIFIER.sub(replaced, pattern)


def _offset(when: datetime, colon: str) -> str:
    minutes = (when.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}{colon}{rest:02d}"


def _fraction(when: datetime) -> str:
    """No digits, three or six: as many as there is to say."""
    if when.microsecond == 0:
        return ""
    return f".{when.microsecond // 1000:03d}" if when.microsecond % 1000 == 0 else f".{when.microsecond:06d}"
