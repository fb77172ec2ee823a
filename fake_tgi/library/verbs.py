"""All that can be said to a fake and asked of it, wherever it runs.

It keeps no state of the fake's own but the list of what was placed through it.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..model import Condition
from .asking import Asking
from .books import Books
from .cases import Case, inject
from .clocks import FakeClock
from .live import LiveStub
from .stubbing import Stubbing
from .troubles import Sentence, Then, Troubles, spoken

if TYPE_CHECKING:
    from ..fault_plans import Fault, FaultRule
    from .control import Control

__all__ = ["Verbs"]


class Verbs(Stubbing, Troubles, Asking):
    """The verbs, over one fake."""

    _what = "a fake"

    def __init__(self, control: Control) -> None:
        self._control = control
        self._books = Books()

    @property
    def stubs(self) -> list[LiveStub]:
        """The stubs that were placed here since the last reset, in that order."""
        return list(self._books.stubs)

    @property
    def unused(self) -> list[LiveStub]:
        """Those of them that no call has used, but for the optional ones."""
        return [stub for stub in self._books.stubs if stub.required and not stub.called]

    @property
    def clock(self) -> FakeClock:
        """The fake's time."""
        return FakeClock(self._control)

    @property
    def strategies(self) -> ModuleType:
        """The module `fake_tgi.strategies`, for property tests with Hypothesis."""
        from .. import strategies

        return strategies

    def fault(self, *faults: str | FaultRule) -> Sentence:
        """Faults in the words of `--fault`, from now on: `"cut(tokens=3) rate=0.1"`. Raises FaultError."""
        return spoken(self._control, self._books, faults)

    def clear_faults(self) -> None:
        """Nothing goes wrong any more, whoever has said so."""
        self._control.clear_faults()
        self._books.planned.clear()

    def inject(self, case: Case) -> LiveStub:
        """Every call that asks as `case` does is answered with that error, until it is removed."""
        return inject(self, case)

    def timing(
        self,
        *,
        ttft: str | None = None,
        itl: str | None = None,
        prefill_time_per_token: str | None = None,
        load_factor: float | None = None,
        profile: str | None = None,
    ) -> None:
        """How long answers take that are asked for from now on; what is left out takes no time.

        `ttft` is the time to the first token, `itl` that between tokens: "20ms", "lognormal(800ms,0.4)".
        Raises SettingsError (a ValueError).
        """
        self._control.change(
            {
                "time_to_first_token": ttft,
                "inter_token_latency": itl,
                "prefill_time_per_token": prefill_time_per_token,
                "load_factor": load_factor,
                "profile": profile,
            }
        )

    def change(self, **settings: Any) -> None:
        """Changes settings for calls that come from now on: `change(answers="adversarial", seed=7)`.

        Names and values are those of Settings, as far as they can be changed while the fake runs: times,
        limits, `answers`, `ignore_eos`, `seed` and `strict`. All of them, or none if one is wrong; `reset`
        brings back those of the start. Raises SettingsError (a ValueError).
        """
        self._control.change(settings)
        if "seed" in settings:  # with which all faults begin anew
            self._books.planned.clear()

    def sick(
        self,
        *,
        untrusted: bool = False,
        gone: bool = False,
        crash_after: int | None = None,
        crash_message: str = "CUDA out of memory",
    ) -> None:
        """The model is ill: it fails its health checks, unless another illness is named.

        `untrusted`: the generation that tries its health fails. `gone`: nothing connects to it.
        `crash_after`: every generation fails with `crash_message` after so many tokens.
        """
        plain = not (untrusted or gone or crash_after is not None)
        self._control.set_condition(Condition(plain, untrusted, gone, crash_after, crash_message))

    def well(self) -> None:
        """The model is well again."""
        self._control.set_condition(Condition())

    def reset(self) -> None:
        """Everything as at the start: no stubs, no faults, nothing in the journal, the same seeds again."""
        self._control.reset()
        self._books.clear()

    def _say(self, fault: Fault | None, times: int | None, route: str | None) -> Sentence:
        return Then(self._control, self._books, (), 1)._say(fault, times, route)
