"""What time it is for a fake, and when it is later: real, faster than real, or moved by hand.

A clock gives seconds that never go back, and calls back when a time has come. Nothing else in the fake asks
what time it is or waits, so a clock that jumps plays a stall of a minute in a millisecond.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import math
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from .alarms import Alarms
from .quick_values import dataclass

__all__ = ["Clock", "Handle", "Later", "ScaledClock", "VirtualClock", "clock_of", "later_on"]

_SETTLE = 4
"""Turns of the event loop in which whoever was woken may act before a virtual clock moves on."""

_PATIENCE = 0.05
"""Real seconds for which a virtual clock waits for a client that is to act."""


class Handle(Protocol):
    """A call that is to come."""

    def cancel(self) -> None:
        """Takes it back; harmless when it was made already."""


class Clock(Protocol):
    """Seconds, and calls at a later time."""

    def __call__(self) -> float:
        """Now, in seconds; only differences mean anything."""

    def call_later(
        self, loop: asyncio.AbstractEventLoop, seconds: float, callback: Callable[..., object], *args: Any
    ) -> Handle:
        """Calls `callback(*args)` on `loop`, from whose thread this is called, in `seconds` on this clock."""


@dataclass(frozen=True, slots=True)
class Later:
    """How to be called later on a clock.

    `call` is a clock's `call_later`. What `again` calls returns in how many seconds to call it again, or
    None. `catch_up` makes calls that are due already, ahead of what its caller is about to do.
    """

    call: Callable[..., Handle]
    again: Callable[[asyncio.AbstractEventLoop, float, Callable[[], float | None]], Handle]
    catch_up: Callable[[], None] = lambda: None


def later_on(clock: Callable[[], float]) -> Later:
    """How to be called later on `clock`: its own way, or real time where it is a mere function."""
    found: Callable[..., Handle] | None = getattr(clock, "call_later", None)
    if found is None:
        alarms = Alarms()
        return Later(alarms.call_later, alarms.call_again, alarms.catch_up)
    again = partial(_Again, found)
    return Later(found, again, clock.catch_up) if isinstance(clock, ScaledClock) else Later(found, again)


class _Again:
    """A call that says itself when it is to be made again, on a clock that makes a call once."""

    __slots__ = ("_call", "_callback", "_handle", "_loop")

    def __init__(
        self,
        call: Callable[..., Handle],
        loop: asyncio.AbstractEventLoop,
        seconds: float,
        callback: Callable[[], float | None],
    ) -> None:
        self._call = call
        self._callback: Callable[[], float | None] | None = callback
        self._loop = loop
        self._handle = call(loop, seconds, self._ring)

    def cancel(self) -> None:
        """Takes it back."""
        self._callback = None
        self._handle.cancel()

    def _ring(self) -> None:
        seconds = self._callback() if self._callback is not None else None
        if seconds is not None and self._callback is not None:
            self._handle = self._call(self._loop, seconds, self._ring)


class ScaledClock:
    """Real time, `speed` times as fast: at 10 a second of the fake takes a tenth.

    All that the fake says of time (headers, metrics, the journal) is on its clock, not on the wall.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = _speed(speed)
        self._origin = self._base = time.monotonic()
        self._alarms = Alarms()

    def __call__(self) -> float:
        return self._base + (time.monotonic() - self._origin) * self._speed

    @property
    def speed(self) -> float:
        """How much faster than real time. Setting it changes how fast time passes from now on; who already
        waits is woken as it was arranged before, within 15 seconds of its clock."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        speed = _speed(speed)
        now, real = self(), time.monotonic()
        self._base, self._origin, self._speed = now, real, speed

    def call_later(
        self, loop: asyncio.AbstractEventLoop, seconds: float, callback: Callable[..., object], *args: Any
    ) -> Handle:
        """Calls back on `loop` in `seconds` of this clock."""
        return self._alarms.call_later(loop, seconds / self._speed, callback, *args)

    def catch_up(self) -> None:
        """Makes calls that are due already."""
        self._alarms.catch_up()


def _speed(speed: float) -> float:
    if not (isinstance(speed, (int, float)) and 0 < speed < math.inf):
        raise ValueError(f"speed: expected a number above 0, got {speed!r}")
    return float(speed)


@dataclass(slots=True)
class _Timer:
    loop: asyncio.AbstractEventLoop
    callback: Callable[..., object]
    args: tuple[Any, ...]
    waiting: bool = True
    """Whether time may jump there; False: it is only called when time passes by."""
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class VirtualClock:
    """Time that passes only when told, or (`jumps`) as soon as everybody waits.

    A clock that jumps goes to the next time that somebody waits for, once the event loop has nothing else
    at hand; so everything happens in its order and at its time, and takes no time. A client on a socket is
    not "somebody": what it does between two jumps happens whenever it happens. One in this process is, who
    holds the clock while it acts.
    """

    def __init__(self, *, jumps: bool = True, start: float = 0.0) -> None:
        self.jumps = jumps
        self._now = start
        self._reached = start  # all that was to happen until then has happened
        self._limit = math.inf if jumps else start
        self._timers: list[tuple[float, int, _Timer]] = []
        self._numbers = itertools.count()
        self._moved = threading.Condition(threading.RLock())
        self._stepping = False
        self._holders: dict[object, float] = {}
        self._watching = False

    def __call__(self) -> float:
        return self._now

    def call_later(
        self, loop: asyncio.AbstractEventLoop, seconds: float, callback: Callable[..., object], *args: Any
    ) -> Handle:
        """Calls back on `loop` when time has come to now + `seconds`."""
        return self._set(_Timer(loop, callback, args), seconds)

    def call_in_passing(
        self, loop: asyncio.AbstractEventLoop, seconds: float, callback: Callable[..., object], *args: Any
    ) -> Handle:
        """The same, but time does not jump there of itself: for who gives up waiting for somebody else."""
        return self._set(_Timer(loop, callback, args, waiting=False), seconds)

    def _set(self, timer: _Timer, seconds: float) -> Handle:
        with self._moved:
            heapq.heappush(self._timers, (self._now + max(seconds, 0.0), next(self._numbers), timer))
            self._arrange()
        return timer

    def hold(self, who: object) -> None:
        """Time does not jump until `who` is released; but after a moment it does not wait any longer."""
        with self._moved:
            self._holders[who] = time.monotonic()

    def release(self, who: object) -> None:
        """The hold is over."""
        with self._moved:
            if self._holders.pop(who, None) is not None and not self._holders:
                self._arrange()

    def advance(self, seconds: float, *, timeout: float = 10.0) -> None:
        """Lets `seconds` pass. From a thread without an event loop, returns when all of it has happened;
        from a coroutine use `elapse`. TimeoutError when the loop that is waited for does not run."""
        target = self._allow(seconds)
        if _in_loop():
            return
        with self._moved:
            if not self._moved.wait_for(lambda: self._reached >= target, timeout):
                raise TimeoutError(f"the clock stands at {self._now}, not at {target}: its loop is stuck")

    async def elapse(self, seconds: float) -> None:
        """Lets `seconds` pass, with everything that happens in it, from a coroutine."""
        target = self._allow(seconds)
        while self._reached < target:  # noqa: ASYNC110  each turn is somebody else's chance to act
            await asyncio.sleep(0)
        for _ in range(_SETTLE):
            await asyncio.sleep(0)

    def _allow(self, seconds: float) -> float:
        if not (isinstance(seconds, (int, float)) and 0 <= seconds < math.inf):
            raise ValueError(f"expected a number of seconds from 0, got {seconds!r}")
        with self._moved:
            if self.jumps:
                self._limit = self._now
            target = self._limit = max(self._limit, self._now) + seconds
            self._arrange()
            return target

    def _arrange(self) -> None:
        """Sees to it that time moves on when it may."""
        if self._stepping:
            return
        self._drop_cancelled()
        while self._timers and self._timers[0][0] <= self._limit and self._awaited():
            loop = self._timers[0][2].loop
            held = self._held()
            try:
                if held:
                    if not self._watching:
                        loop.call_soon_threadsafe(loop.call_later, held, self._look_again)
                        self._watching = True
                    return
                loop.call_soon_threadsafe(self._settle, loop, _SETTLE)
            except RuntimeError:  # that loop is closed, and nobody waits on it any more
                heapq.heappop(self._timers)
                continue
            self._stepping = True
            return
        if self._limit < math.inf:
            self._arrive()

    def _arrive(self) -> None:
        self._now = self._reached = max(self._now, self._limit)
        if self.jumps:
            self._limit = math.inf
        self._moved.notify_all()
        if self.jumps and self._timers:
            self._arrange()

    def _settle(self, loop: asyncio.AbstractEventLoop, turns: int) -> None:
        if turns:
            loop.call_soon(self._settle, loop, turns - 1)
        else:
            self._step()

    def _step(self) -> None:
        with self._moved:
            self._stepping = False
            self._drop_cancelled()
            if self._timers and self._timers[0][0] <= self._limit and self._awaited() and not self._held():
                self._now = max(self._now, self._timers[0][0])
                while self._timers and self._timers[0][0] <= self._now:
                    timer = heapq.heappop(self._timers)[2]
                    if not timer.cancelled:
                        with contextlib.suppress(RuntimeError):  # a closed loop wakes nobody
                            timer.loop.call_soon_threadsafe(timer.callback, *timer.args)
                self._moved.notify_all()
                if not self._timers or self._timers[0][0] > self._limit:
                    self._linger()
                    return
            self._arrange()

    def _linger(self) -> None:
        """Whoever was woken last may still arrange to be called before the limit."""
        if self._limit == math.inf:
            return
        with contextlib.suppress(RuntimeError):
            loop = asyncio.get_running_loop()
            self._stepping = True
            loop.call_soon(self._settle, loop, _SETTLE)

    def _held(self) -> float:
        """For how many real seconds more somebody is to act before time may jump."""
        if not self._holders or self._limit < math.inf:
            return 0.0
        now = time.monotonic()
        self._holders = {who: since for who, since in self._holders.items() if now < since + _PATIENCE}
        return max((since + _PATIENCE - now for since in self._holders.values()), default=0.0)

    def _look_again(self) -> None:
        with self._moved:
            self._watching = False
            self._arrange()

    def _awaited(self) -> bool:
        """Whether somebody waits for a time, or it passes because it was told to."""
        if self._limit < math.inf or self._timers[0][2].waiting:
            return True
        return any(timer.waiting and not timer.cancelled for _, _, timer in self._timers)

    def _drop_cancelled(self) -> None:
        while self._timers and self._timers[0][2].cancelled:
            heapq.heappop(self._timers)


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def clock_of(kind: str, speed: float) -> Callable[[], float]:
    """The clock that settings name: `real` at `speed`, `virtual` (jumps) or `stepped` (moved by hand)."""
    if kind == "real":
        return time.monotonic if speed == 1 else ScaledClock(speed)
    return VirtualClock(jumps=kind == "virtual")
