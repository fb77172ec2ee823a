"""Calls at a later real time, with one timer of the event loop for all who wait.

A thousand streams that wait for their next token are a thousand timers otherwise, each of which uvloop
makes and closes anew. Nobody is called early: a loop that counts in whole milliseconds is told to round up.
Whoever is late is called once in a turn, and then waits behind all others who are: a server that cannot keep
up is late for all alike.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from collections.abc import Callable
from itertools import count
from typing import Any, Final

__all__ = ["Alarm", "Alarms"]

_HALF_A_TICK: Final = 0.0005

_BETWEEN: Final = 32
"""How many are called between two pieces of other work: so that the work goes on where all are late."""


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
        now = time.monotonic()
        bell.set(now + seconds if seconds > 0 else now, alarm)
        return alarm

    def catch_up(self) -> None:
        """Makes calls that are due, before its caller does something that takes longer than they do."""
        bell = self._bell
        if bell is not None and bell.alarms and bell.alarms[0][0] <= time.monotonic():
            bell.ring(_BETWEEN)


class _Bell:
    """All alarms on one loop. It lives as long as its timer does, whoever else has gone on."""

    __slots__ = ("_loop", "_numbers", "_ringing", "_rings_at", "_round_up", "_timer", "alarms")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.alarms: list[tuple[float, int, Alarm]] = []
        self._numbers = count()
        self._rings_at = math.inf
        self._ringing = False
        self._timer: asyncio.Handle | None = None
        # uvloop rounds to the nearest millisecond, and would ring again and again before its time
        self._round_up = _HALF_A_TICK if type(loop).__module__.startswith("uvloop") else 0.0

    def set(self, when: float, alarm: Alarm) -> None:
        heapq.heappush(self.alarms, (when, next(self._numbers), alarm))
        if when < self._rings_at and not self._ringing:
            self._wind(when)

    def ring(self, most: int) -> None:
        """Makes the calls that are due, at the most so many; what they ask for waits for the next time."""
        if self._ringing:
            return
        alarms, now = self.alarms, time.monotonic()
        due: list[Alarm] = []
        while alarms and alarms[0][0] <= now and len(due) < most:
            due.append(heapq.heappop(alarms)[2])
        self._ringing = True
        calls = iter(due)
        try:
            for alarm in calls:
                if alarm.callback is not None:
                    alarm.callback(*alarm.args)
        finally:
            for alarm in calls:  # one has failed
                heapq.heappush(alarms, (now, next(self._numbers), alarm))
            self._ringing = False
            if alarms and alarms[0][0] < self._rings_at:
                self._wind(alarms[0][0])

    def _wind(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = when
        left = when - time.monotonic()
        if left > 0:
            self._timer = self._loop.call_later(left + self._round_up, self._ring)
        else:
            self._timer = self._loop.call_soon(self._ring)

    def _ring(self) -> None:
        self._timer, self._rings_at = None, math.inf
        self.ring(len(self.alarms))
