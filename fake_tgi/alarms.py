"""Calls at a later real time, with one timer of the event loop for all who wait.

A thousand streams that wait for their next token are a thousand timers otherwise, each of which uvloop
makes and closes anew. Nobody is called early: a loop that counts in whole milliseconds is told to round up.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from collections.abc import Callable
from itertools import count
from typing import Any

__all__ = ["Alarm", "Alarms"]

_HALF_A_TICK = 0.0005


class Alarm:
    """A call that is to come."""

    __slots__ = ("args", "callback")

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        self.callback: Callable[..., object] | None = callback
        self.args = args

    def cancel(self) -> None:
        """Takes it back; harmless when it was made already."""
        self.callback, self.args = None, ()


class Alarms:
    """The calls of one owner, who may move from one event loop to the next."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bell: _Bell | None = None

    def call_later(
        self, loop: asyncio.AbstractEventLoop, seconds: float, callback: Callable[..., object], *args: Any
    ) -> Alarm:
        """Calls `callback(*args)` on `loop`, which runs this, in `seconds`."""
        bell = self._bell
        if bell is None or loop is not self._loop:
            self._loop, self._bell = loop, (bell := _Bell(loop))
        alarm = Alarm(callback, args)
        bell.set(time.monotonic() + seconds, alarm)
        return alarm


class _Bell:
    """All alarms on one loop. It lives as long as its timer does, whoever else has gone on."""

    __slots__ = ("_alarms", "_loop", "_numbers", "_rings_at", "_round_up", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._numbers = count()
        self._rings_at = math.inf
        self._timer: asyncio.TimerHandle | None = None
        # uvloop rounds to the nearest millisecond, and would ring again and again before its time
        self._round_up = _HALF_A_TICK if type(loop).__module__.startswith("uvloop") else 0.0

    def set(self, when: float, alarm: Alarm) -> None:
        heapq.heappush(self._alarms, (when, next(self._numbers), alarm))
        if when < self._rings_at:
            self._wind(when)

    def _wind(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = when
        self._timer = self._loop.call_later(when - time.monotonic() + self._round_up, self._ring)

    def _ring(self) -> None:
        alarms, now = self._alarms, time.monotonic()
        self._timer, self._rings_at = None, -math.inf  # who is called may set alarms; they are seen below
        try:
            while alarms and alarms[0][0] <= now:
                alarm = heapq.heappop(alarms)[2]
                if alarm.callback is not None:
                    alarm.callback(*alarm.args)
        finally:
            self._rings_at = math.inf
            if alarms:
                self._wind(alarms[0][0])
