"""What time it is for a fake, and letting it pass.

A virtual clock jumps by itself as soon as everybody waits, a stepped one stands until it is moved, and a real
one passes by itself, maybe faster. All seconds are the fake's.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from ..timing.durations import duration

if TYPE_CHECKING:
    from .control import Control

__all__ = ["FakeClock"]

_STEP: Final = 0.001


class FakeClock:
    """The clock of one fake. Durations are seconds, or texts with a unit, such as "60s"."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def __call__(self) -> float:
        return self._control.now()

    @property
    def now(self) -> float:
        """Seconds since some beginning; only differences mean anything."""
        return self._control.now()

    def advance(self, by: float | str) -> None:
        """Lets so much time pass at once, with all that happens in it. Raises RuntimeError for real time.

        Returns when it has happened; but on the event loop that serves the fake it only begins to: there,
        `await fake.clock.elapse(...)`.
        """
        self._control.advance(_seconds(by))

    def set(self, to: float) -> None:
        """Lets time pass until it is `to`. Raises ValueError for what is past."""
        now = self._control.now()
        if to < now:
            raise ValueError(f"expected a time from now on ({now:g}), got {to:g}: time does not go back")
        self._control.advance(to - now)

    def sleep(self, duration: float | str) -> None:
        """Returns when so much of the fake's time has passed by itself. Blocks this thread."""
        until = self._control.now() + _seconds(duration)
        while self._control.now() < until:
            time.sleep(_STEP)

    async def elapse(self, by: float | str) -> None:
        """As `advance`, from a coroutine, on whichever event loop."""
        await self._control.elapse(_seconds(by))


def _seconds(value: float | str) -> float:
    return duration(value) if isinstance(value, str) else float(value)
