"""What was said through one handle: the stubs that were placed, and those that were only begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..matching import RequestPattern
    from ..stubs.origin import Origin
    from .live import LiveStub, StubBuilder

__all__ = ["Begun", "StubBooks"]


@dataclass(frozen=True, slots=True)
class Begun:
    """Which calls somebody has begun a stub for, and where."""

    pattern: RequestPattern
    origin: Origin | None


class StubBooks:
    """The stubs in their order, and what has said which calls but not yet what answers them."""

    def __init__(self) -> None:
        self.stubs: list[LiveStub] = []
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
        self._begun.clear()
