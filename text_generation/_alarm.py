"""Deadlines for whatever waits on an event loop, with one timer for all of them.

`asyncio.timeout` makes and cancels a timer for every wait, which costs as much as parsing a small answer.
Deadlines of calls are all about equally far away, so here the timer is left standing when a wait is over, and
looks at what is left when it goes off.
"""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["Alarm", "Wait", "taken_back"]


class Wait:
    """Something that waits. `ring` is called when its deadline passes; then `expired` is set."""

    __slots__ = ("clock", "deadline", "expired")

    def __init__(self) -> None:
        self.deadline = 0.0
        self.clock = ""
        self.expired = False

    def ring(self) -> None:
        """Stop waiting."""
        raise NotImplementedError


class Alarm:
    """The deadlines of one event loop; use it on that loop only."""

    __slots__ = ("_timer", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[Wait, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def set(self, wait: Wait, seconds: float, clock: str) -> None:
        """Ring `wait` in so many seconds, unless it is cleared or set again before."""
        loop = asyncio.get_running_loop()
        wait.deadline = deadline = loop.time() + seconds
        wait.clock = clock
        self._waiting[wait] = None
        timer = self._timer
        if timer is None or timer.when() > deadline:
            if timer is not None:
                timer.cancel()
            self._timer = loop.call_at(deadline, self._ring)

    def clear(self, wait: Wait) -> None:
        """`wait` is over."""
        self._waiting.pop(wait, None)

    def _ring(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._timer = None
        soonest = None
        for wait in list(self._waiting):
            if wait.deadline <= now:
                del self._waiting[wait]
                wait.expired = True
                wait.ring()
            elif soonest is None or wait.deadline < soonest:
                soonest = wait.deadline
        if soonest is not None:
            self._timer = loop.call_at(soonest, self._ring)


def taken_back(task: asyncio.Task[Any] | None) -> bool:
    """Take a cancellation of our own back. False when somebody else has asked for one, too: then it stands.

    Only Python 3.11 and later count them; before, ours is taken for the only one.
    """
    if task is None or not hasattr(task, "uncancel"):
        return True
    left: int = task.uncancel()
    return left == 0
