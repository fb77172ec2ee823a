"""The four clocks of a call, the same in both clients. No I/O; the time is passed in.

`connect` runs until there is a connection; `first_token` from sending the request to the first event of a
stream, or to the first byte of a whole answer; `silence` between any two pieces of the answer after that;
`total` over the whole call, retries included. A plain number sets the first three and never the total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import errors as e

__all__ = ["Clocks", "Timeouts", "timeouts"]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits in seconds; None means no limit. See the module for what each clock measures."""

    connect: float | None = 10.0
    first_token: float | None = None
    silence: float | None = None
    total: float | None = None

    def __post_init__(self) -> None:
        for name in ("connect", "first_token", "silence", "total"):
            value = getattr(self, name)
            wrong = isinstance(value, bool) or not isinstance(value, int | float) or not value > 0
            if value is not None and wrong:
                raise e.ConfigurationError(
                    f"timeout: `{name}` must be a positive number of seconds or None, got {value!r}"
                )


def timeouts(value: Any) -> Timeouts:
    """What a `timeout` argument means.

    A number: connect, first token and silence. A pair, as requests takes it: connect, and the other two.
    None: no limit. An `aiohttp.ClientTimeout`: its connect, sock_read and total.
    """
    if isinstance(value, Timeouts):
        return value
    if value is None:
        return Timeouts(None)
    if isinstance(value, int | float):
        return Timeouts(value, value, value)
    if isinstance(value, tuple) and len(value) == 2:
        return Timeouts(value[0], value[1], value[1])
    if hasattr(value, "sock_read") and hasattr(value, "total"):  # aiohttp reads 0 as "no limit"
        read = value.sock_read or None
        return Timeouts(value.connect or value.sock_connect or None, read, read, value.total or None)
    raise e.ConfigurationError(
        "timeout: expected seconds, (connect, read), text_generation.Timeouts(connect=, first_token=, "
        f"silence=, total=) or None; got {value!r}"
    )


_ERRORS: Mapping[str, tuple[type[e.ClockTimeoutError], str]] = {
    "connect": (e.ConnectTimeoutError, "No connection"),
    "first_token": (e.FirstTokenTimeoutError, "Nothing of the answer arrived"),
    "silence": (e.SilenceTimeoutError, "The server fell silent in the middle of its answer"),
    "total": (e.TotalTimeoutError, "The call was not finished"),
}


class Clocks:
    """The clocks of one call, running. `start` begins an attempt; times are monotonic seconds."""

    __slots__ = ("_first", "_total", "limits")

    def __init__(self, limits: Timeouts, now: float) -> None:
        self.limits = limits
        self._first: float | None = None
        self._total = None if limits.total is None else now + limits.total

    def start(self, now: float) -> None:
        """An attempt begins: the request goes out now."""
        limit = self.limits.first_token
        self._first = None if limit is None else now + limit

    def connect(self, now: float) -> tuple[float | None, str]:
        """How long a connection may take, and the clock that says so."""
        return self._soonest(self.limits.connect, "connect", now)

    def wait(self, first: bool, now: float) -> tuple[float | None, str]:
        """How long the next piece may take, and the clock that says so. `first`: nothing has arrived yet."""
        if not first:
            return self._soonest(self.limits.silence, "silence", now)
        return self._soonest(None if self._first is None else self._first - now, "first_token", now)

    def allows(self, delay: float, now: float) -> bool:
        """Whether there is time left to wait this long and then do something."""
        return self._total is None or now + delay < self._total

    def _soonest(self, seconds: float | None, name: str, now: float) -> tuple[float | None, str]:
        if self._total is not None and (seconds is None or self._total - now < seconds):
            return max(self._total - now, 0.0), "total"
        return (None if seconds is None else max(seconds, 0.0)), name

    def error(self, clock: str) -> e.ClockTimeoutError:
        """The error of a clock that ran out: it names the clock, its value and the knob."""
        cls, what = _ERRORS[clock]
        seconds = getattr(self.limits, clock) or 0.0
        error = cls(
            f"{what} within {seconds:g} s (the `{clock}` clock). To wait longer, pass "
            f"timeout=Timeouts({clock}=...) to the call or to the client."
        )
        error.seconds = seconds
        return error
