"""A stub in its place among others, and what it did there."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import field
from typing import TYPE_CHECKING, Literal

from ..call import Call
from ..frames import Body, Frame, Head
from ..headers import JSON
from ..quick_values import dataclass
from ..render.values import value
from .answer import Answer, AnswerFailed

if TYPE_CHECKING:
    from ..serve import Endpoint
    from ..state import State
    from .origin import Origin
    from .stub import Stub

__all__ = ["PlacedStub", "Source", "StubFailure", "StubMatch", "order"]

Source = Literal["api", "file"]


@dataclass(slots=True, eq=False)
class PlacedStub:
    """A stub in its place. `hits` counts the calls that it was chosen for; `source` says who put it there.

    `origin` is the line of a program that did, where that is known.
    """

    id: int
    stub: Stub
    source: Source = "api"
    hits: int = 0
    origin: Origin | None = None

    @property
    def name(self) -> str:
        """What reports call it: its own name, or its number."""
        return self.stub.name or f"stub {self.id}"

    @property
    def told(self) -> str:
        """Its name, and where it was written."""
        return self.name if self.origin is None else f"{self.name} ({self.origin})"

    @property
    def spent(self) -> bool:
        """Whether it has answered as often as it may."""
        return self.stub.times is not None and self.hits >= self.stub.times


def order(placed: PlacedStub) -> tuple[int, bool, int]:
    """Sorts stubs as they are asked: the highest priority, then those that no file holds, then the newest."""
    return -placed.stub.priority, placed.source == "file", -placed.id


@dataclass(frozen=True, slots=True)
class StubFailure:
    """A user's own function that raised: whose, for which call, and what."""

    placed: PlacedStub
    call: Call
    error: BaseException


@dataclass(frozen=True, slots=True)
class StubMatch:
    """A stub that was chosen for a call. `why` says which of its calls this is, and where scenarios went."""

    placed: PlacedStub
    answer: Answer
    why: str
    errors: deque[StubFailure] = field(repr=False)

    def frames(
        self,
        state: State,
        call: Call,
        endpoint: Endpoint,
        tell: Callable[[BaseException], None] = lambda error: None,
    ) -> Iterator[Frame]:
        """The answer to `call`, which `endpoint` would answer otherwise. Raises `Refusal` as endpoints do.

        `tell` gets what a user's own function raises; the answer is a 500.
        """
        try:
            yield from self.answer.frames(state, call, endpoint)
        except AnswerFailed as failed:
            self.errors.append(StubFailure(self.placed, call, failed.error))
            tell(failed.error)
            body = value({"error": f"{self.placed.name} raised {failed}", "error_type": "stub"})
            yield Head(500, JSON, len(body))
            yield Body(body)
