"""Calls at a later real time, with one timer of the event loop for all who wait.

A thousand streams that wait for their next token are a thousand timers otherwise, each of which uvloop
makes and closes anew. Calls are made at whole milliseconds, which is how uvloop counts, and none is early.
Whoever is late is called once in a turn, and then waits behind all others who are: a server that cannot keep
up is late for all alike.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

__all__ = ["Alarm", "Alarms"]

_BETWEEN: Final = 64
"""How many are called ahead of other work: so that the work goes on where all are late."""


class Alarm:
    """A call that is to come; with no `args`, one that says itself when it is to be made again."""

    __slots__ = ("args", "callback")

    def __init__(self, callback: Callable[..., Any], args: tuple[Any, ...] | None) -> None:
        self.callback: Callable[..., Any] | None = callback
        self.args = args

    def cancel(self) -> None:
        """Takes it back; harmless when it was made already."""
        self.callback = self.args = None


class Alarms:
    """The calls of one owner, who may move from one event loop to the next."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bell: _Bell | None = None

    def call_later(
        self, loop: asyncio.AbstractEventLoop, seconds: float, callback: Callable[..., object], *args: Any
    ) -> Alarm:
        """Calls `callback(*args)` on `loop`, which runs this, in `seconds`."""
        return self._set(loop, seconds, Alarm(callback, args))

    def call_again(
        self, loop: asyncio.AbstractEventLoop, seconds: float, callback: Callable[[], float | None]
    ) -> Alarm:
        """Calls `callback()` in `seconds`, and again in as many as it returns, until that is None."""
        return self._set(loop, seconds, Alarm(callback, None))

    def catch_up(self) -> None:
        """Makes calls that are due, before its caller does something that takes longer than they do."""
        if self._bell is not None:
            self._bell.catch_up()

    def _set(self, loop: asyncio.AbstractEventLoop, seconds: float, alarm: Alarm) -> Alarm:
        bell = self._bell
        if bell is None or loop is not self._loop:
            self._loop, self._bell = loop, (bell := _Bell(loop))
        bell.set(seconds, alarm)
        bell.wind()
        return alarm


class _Bell:
    """All alarms on one loop. It lives as long as its timer does, whoever else has gone on."""

    __slots__ = ("_due", "_late", "_loop", "_ringing", "_rings_at", "_ticks", "_timer", "_whole")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: dict[int, list[Alarm]] = {}
        """By the millisecond at whose beginning they are to be called."""
        self._ticks: list[int] = []
        """A heap of these milliseconds."""
        self._late: deque[Alarm] = deque()
        self._ringing = False
        self._rings_at: int | None = None
        self._timer: asyncio.Handle | None = None
        # uvloop rounds seconds to whole milliseconds, and counts them from the beginning of the present one
        self._whole = type(loop).__module__.startswith("uvloop")

    def set(self, seconds: float, alarm: Alarm) -> None:
        if seconds <= 0:
            self._late.append(alarm)
            return
        tick = int((time.monotonic() + seconds) * 1000) + 1
        due = self._due.get(tick)
        if due is None:
            self._due[tick] = [alarm]
            heapq.heappush(self._ticks, tick)
        else:
            due.append(alarm)

    def catch_up(self) -> None:
        if self._late or (self._ticks and self._ticks[0] <= time.monotonic() * 1000):
            self._ring(_BETWEEN)

    def wind(self) -> None:
        """Sees to it that it rings when the first of them is due."""
        if self._ringing:
            return
        if self._late:
            when = 0
        elif self._ticks:
            when = self._ticks[0]
        else:
            return
        if self._rings_at is not None:
            if self._rings_at <= when:
                return
            assert self._timer is not None
            self._timer.cancel()
        self._rings_at = when
        now = time.monotonic() * 1000
        if when > now:
            left = when - int(now) if self._whole else when - now
            self._timer = self._loop.call_later(left / 1000, self._rings)
        else:
            self._timer = self._loop.call_soon(self._rings)

    def _rings(self) -> None:
        self._rings_at = None
        self._ring(None)

    def _ring(self, most: int | None) -> None:
        """Makes the calls that are due, at the most so many; what they ask for waits for the next time."""
        if self._ringing:
            return
        late, ticks, now = self._late, self._ticks, int(time.monotonic() * 1000)
        while ticks and ticks[0] <= now:
            late += self._due.pop(heapq.heappop(ticks))
        self._ringing = True
        try:
            for _ in range(len(late) if most is None else min(len(late), most)):
                alarm = late.popleft()
                callback, args = alarm.callback, alarm.args
                if args is not None:
                    callback(*args)  # type: ignore[misc]  # who takes it back takes both
                elif callback is not None:
                    seconds = callback()
                    if seconds is not None:
                        self.set(seconds, alarm)
        finally:
            self._ringing = False
            self.wind()
