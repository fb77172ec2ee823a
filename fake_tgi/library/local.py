"""The control of a fake in this process.

Stubs have a lock of their own and are placed from any thread. Everything else belongs to the event loop that
serves, and is changed on it: the test thread waits for that, unless it is on that loop itself.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..changing import known
from ..clock import VirtualClock
from ..fault_plans import FaultPlan
from .control import StubGone

if TYPE_CHECKING:
    from ..call import Call
    from ..fault_plans import FaultRule
    from ..journal import ServeEvent
    from ..model import Condition
    from ..state import State
    from ..stubs import Stub
    from ..stubs.origin import Origin

__all__ = ["LocalControl"]

_STEP: Final = 0.0005
_STUCK: Final = 10.0

T = TypeVar("T")


class LocalControl:
    """One fake's state. `loop` gives the event loop that serves it, or None while none does."""

    def __init__(self, state: State, loop: Callable[[], asyncio.AbstractEventLoop | None]) -> None:
        self.state = state
        self._loop = loop

    def add_stub(self, stub: Stub, origin: Origin | None) -> int:
        return self.state.stubs.add(stub, origin).id

    def remove_stub(self, id: int) -> None:
        try:
            self.state.stubs.remove(id)
        except LookupError as error:
            raise StubGone(error.args[0]) from None

    def hits(self, id: int) -> int:
        try:
            return self.state.stubs.find(id).hits
        except LookupError as error:
            raise StubGone(error.args[0]) from None

    def function_errors(self) -> list[BaseException]:
        return [failure.error for failure in tuple(self.state.stubs.errors)]

    def near_misses(self, call: Call) -> list[str]:
        return [str(miss) for miss in self.state.stubs.near_misses(call)]

    def add_faults(self, rules: Sequence[FaultRule]) -> None:
        self._on_loop(lambda: self.state.faults.add(*rules))

    def clear_faults(self) -> None:
        def clear() -> None:
            faults = self.state.faults
            faults.plan = FaultPlan((), faults.plan.seed)

        self._on_loop(clear)

    def events(self) -> list[ServeEvent]:
        return list(self.state.journal)

    def settle(self, timeout: float) -> int:
        journal = self.state.journal
        loop = self._loop()
        if journal.in_flight and loop is not None and loop.is_running() and not self._on_it(loop):
            deadline = time.monotonic() + timeout
            while journal.in_flight and time.monotonic() < deadline:
                time.sleep(_STEP)
        return journal.in_flight

    def reset(self) -> None:
        self._on_loop(self.state.clear)

    def now(self) -> float:
        return self.state.clock()

    def advance(self, seconds: float) -> None:
        clock = self.state.clock
        if not isinstance(clock, VirtualClock):
            raise RuntimeError("real time passes by itself: make the fake with clock='virtual' or 'stepped'")
        clock.advance(seconds)

    async def elapse(self, seconds: float) -> None:
        clock, loop = self.state.clock, self._loop()
        if not isinstance(clock, VirtualClock):
            self.advance(seconds)  # which says why not
        elif loop is None or self._on_it(loop):
            await clock.elapse(seconds)
        else:
            await asyncio.get_running_loop().run_in_executor(None, clock.advance, seconds)

    def change(self, settings: dict[str, Any]) -> None:
        known(settings)
        self._on_loop(lambda: self.state.use(replace(self.state.settings, **settings)))

    def set_condition(self, condition: Condition) -> None:
        def change() -> None:
            self.state.model.condition = condition

        self._on_loop(change)

    def model_id(self) -> str:
        return self.state.settings.model_id

    def _on_loop(self, do: Callable[[], T]) -> T:
        """The result of `do`, called where nothing else touches the state at the same time."""
        loop = self._loop()
        if loop is None or not loop.is_running() or self._on_it(loop):
            return do()
        done = threading.Event()
        results: list[T] = []
        failures: list[BaseException] = []

        def called() -> None:
            try:
                results.append(do())
            except BaseException as error:
                failures.append(error)
            done.set()

        loop.call_soon_threadsafe(called)
        if not done.wait(_STUCK):
            raise TimeoutError(f"the fake's event loop did not answer within {_STUCK:g} seconds: it is stuck")
        if failures:
            raise failures[0]
        return results[0]

    @staticmethod
    def _on_it(loop: asyncio.AbstractEventLoop | None) -> bool:
        try:
            return loop is asyncio.get_running_loop()
        except RuntimeError:
            return False
