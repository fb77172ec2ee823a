"""What was said through one handle: stubs that were placed, stubs that were only begun, and faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..fault_plans import FaultRule
    from ..matching import RequestPattern
    from ..stubs.origin import Origin
    from .live import LiveStub, StubBuilder

__all__ = ["Begun", "Books", "Planned"]


@dataclass(frozen=True, slots=True)
class Begun:
    """Which calls somebody has begun a stub for, and where."""

    pattern: RequestPattern
    origin: Origin | None


@dataclass(slots=True)
class Planned:
    """A fault that was said, and where. `required`: some call should come for it."""

    rule: FaultRule
    origin: Origin | None
    required: bool


class Books:
    """Stubs and faults in their order; `begun` has said which calls, but not yet what answers them."""

    def __init__(self) -> None:
        self.stubs: list[LiveStub] = []
        self.planned: list[Planned] = []
        self._begun: dict[StubBuilder, Begun] = {}

    @property
    def begun(self) -> list[Begun]:
        """What was begun, and neither given an answer nor gone on with, in that order."""
        return list(self._begun.values())

    def begin(self, builder: StubBuilder, begun: Begun) -> None:
        self._begun[builder] = begun

    def finish(self, builder: StubBuilder) -> None:
        """It is given an answer, be it a wrong one; or another builder goes on where it stood."""
        self._begun.pop(builder, None)

    def clear(self) -> None:
        self.stubs.clear()
        self.planned.clear()
        self._begun.clear()
