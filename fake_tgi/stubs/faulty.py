"""An answer on which something goes wrong, of one stub alone.

The faults are those of a plan, in the same words; which calls they strike is the stub's to say. What the
router refuses in place of the answer is struck as well, as it is by a plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..call import Call
from ..extraction import ExtractionRefusal
from ..fault_plans import Fault, When
from ..faults import FAULTS, FaultError, read_faults, spelled, strike
from ..faults.moment import answer
from ..frames import Frame
from ..headers import JSON, TEXT
from ..matching import Difference, FormError
from ..matching.differences import hidden, shown
from ..refusals import Refusal
from .answer import Answer

if TYPE_CHECKING:
    from ..serve import Endpoint
    from ..state import State

__all__ = ["Faulty", "faults_of"]

__tracebackhide__ = hidden


@dataclass(frozen=True, init=False, slots=True)
class Faulty:
    """An answer with these faults: in the words of `--fault`, or values. Raises FormError.

    `Faulty(Text(" Sunny."), "cut(tokens=1)")`.
    """

    answer: Answer
    faults: tuple[Fault, ...]

    def __init__(self, answer: Answer, *faults: str | Fault) -> None:
        if not hasattr(answer, "frames"):
            raise FormError(Difference("answer", "an answer, such as Text", shown(answer)))
        object.__setattr__(self, "answer", answer)
        object.__setattr__(self, "faults", faults_of(faults))

    def frames(self, state: State, call: Call, endpoint: Endpoint) -> Iterator[Frame]:
        frames = _refused_or(self.answer.frames(state, call, endpoint))
        return strike(
            call,
            [(fault, state.clock()) for fault in self.faults],
            frames,
            clock=state.clock,
            permits=state.permits,
            model_id=state.settings.model_id,
            tell=state.struck,
        )

    def as_json(self) -> dict[str, Any]:
        words = [spelled(fault) for fault in self.faults]
        return {**self.answer.as_json(), "fault": words[0] if len(words) == 1 else words}


def faults_of(given: Sequence[str | Fault]) -> tuple[Fault, ...]:
    """The faults that are said, at least one. Raises FormError."""
    found = tuple(fault for each in given for fault in _read(each))
    if not found:
        raise FormError(Difference("fault", "a fault such as cut(tokens=3)", shown(list(given))))
    return found


def _read(said: str | Fault) -> Iterator[Fault]:
    if not isinstance(said, str):
        if type(said) in FAULTS.values():
            yield said
            return
        raise FormError(Difference("fault", "a fault in words, such as cut(tokens=3)", shown(said)))
    try:
        rules = read_faults(said)
    except FaultError as error:
        raise FormError(Difference("fault", f"a fault in words: {error}", shown(said))) from None
    for rule in rules:
        if rule.when != When():
            what = "a fault alone: which calls it strikes, and how often, is the stub's to say"
            raise FormError(Difference("fault", what, shown(said)))
        yield rule.fault


def _refused_or(frames: Iterator[Frame]) -> Iterator[Frame]:
    """The frames; or the answer to a request that was refused, which a fault may strike like any other."""
    try:
        yield from frames
    except Refusal as refused:
        yield from answer(refused.status, JSON, refused.body())
    except ExtractionRefusal as refused:
        yield from answer(refused.status, TEXT, refused.text.encode())
