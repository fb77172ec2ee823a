"""Users' functions while they run, so that nothing they raise is lost when nobody waits for them any more.

A client may leave while a function still works on its answer. What it raises then is kept like any other
failure, and whoever wants to know all of them can wait until no function runs.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition
from typing import Any

__all__ = ["Runs"]


class Runs:
    """The functions that are running. Threads share it."""

    def __init__(self) -> None:
        self._running = 0
        self._changed = Condition()

    def begin(self, function: Callable[[], Any], late: Callable[[BaseException], None]) -> Run:
        """`function` as something to be run; `late` gets an exception that it gives when nobody waits."""
        return Run(self, function, late)

    def wait(self, seconds: float) -> bool:
        """Returns when no function runs; False when one still does after that time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, seconds)

    def _count(self, by: int) -> None:
        with self._changed:
            self._running += by
            self._changed.notify_all()


class Run:
    """One function on its way. Calling it runs it; `leave` says that nobody waits for the result."""

    def __init__(
        self, runs: Runs, function: Callable[[], Any], late: Callable[[BaseException], None]
    ) -> None:
        self._runs = runs
        self._function = function
        self._late = late
        self._left = self._done = False
        self._result: Any = None

    def __call__(self) -> Any:
        self._runs._count(1)
        try:
            self._result = self._function()
            with self._runs._changed:
                self._done = True
                left = self._left
            if left:
                self._tell()
            return self._result
        finally:
            self._runs._count(-1)

    def leave(self) -> None:
        """Its client is gone."""
        with self._runs._changed:
            self._left = True
            done = self._done
        if done:
            self._tell()

    def _tell(self) -> None:
        if isinstance(self._result, BaseException):
            self._late(self._result)
