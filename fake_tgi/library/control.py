"""What the verbs are made of: one fake, wherever it runs.

There are two: `LocalControl` works on a fake in this process, `RemoteControl` on any other through its admin
API. What one can do the other can, with the same results; only a Python function cannot travel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ..call import Call
    from ..fault_plans import FaultRule
    from ..journal import ServeEvent
    from ..model import Condition
    from ..stubs import Stub
    from ..stubs.origin import Origin

__all__ = ["Control", "NeedsInProcess", "StubGone"]


class NeedsInProcess(TypeError):
    """A Python object that cannot be sent to a fake in another process."""


class StubGone(LookupError):
    """The stub is not there any more: it was removed, or the fake was reset."""


class Control(Protocol):
    """One fake. Times are in seconds of its own clock, timeouts in real ones."""

    def add_stub(self, stub: Stub, origin: Origin | None) -> int:
        """Places a stub, the newest; its number. `origin` is the line that reports of this process name."""

    def remove_stub(self, id: int) -> None:
        """Takes it away. Raises StubGone."""

    def hits(self, id: int) -> int:
        """How many calls it was chosen for. Raises StubGone."""

    def function_errors(self) -> list[BaseException]:
        """What users' own functions raised, oldest first."""

    def near_misses(self, call: Call) -> list[str]:
        """The stubs that come closest to answering a call, a line each, the closest first."""

    def add_faults(self, rules: Sequence[FaultRule]) -> None:
        """Rules behind those there are."""

    def clear_faults(self) -> None:
        """Nothing goes wrong any more."""

    def events(self) -> list[ServeEvent]:
        """The journal, oldest first."""

    def settle(self, timeout: float) -> int:
        """Waits until no answer is in flight; how many are when it returns, at most `timeout` later."""

    def reset(self) -> None:
        """Everything as at the start."""

    def now(self) -> float:
        """What time it is for the fake."""

    def advance(self, seconds: float) -> None:
        """Lets time pass on a virtual clock, with all that happens in it. RuntimeError for a real one."""

    async def elapse(self, seconds: float) -> None:
        """The same from a coroutine, on whichever event loop."""

    def change(self, settings: dict[str, Any]) -> None:
        """Changes settings (fake_tgi/changing.py) for calls that come from now on. Raises SettingsError."""

    def set_condition(self, condition: Condition) -> None:
        """How the model is from now on."""

    def model_id(self) -> str:
        """The model that it says it is."""
