"""Why no stub answers a call: the stubs that come closest, each with everything that keeps it from answering.

Each difference counts up to one, less the more alike what was expected and what came read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from typing import Any, Final

from ..journal.redacted import text_without_secrets
from ..matching import Asked, Difference
from ..scenarios import Scenarios
from .placed import PlacedStub

__all__ = ["NearMiss", "near_misses"]

_LOOKED_AT: Final = 200
_LEAST: Final = 0.1


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A stub that does not answer a call, and each reason."""

    placed: PlacedStub
    differences: tuple[Difference, ...]

    def __str__(self) -> str:
        return f"{self.placed.name}: {'; '.join(map(str, self.differences))}"

    @property
    def told(self) -> str:
        """The same with the line that placed the stub: for people, not to be compared."""
        return f"{self.placed.told}: {'; '.join(map(str, self.differences))}"

    def as_json(self) -> dict[str, Any]:
        """As a strict server's 501 tells it."""
        return {
            "stub": self.placed.name,
            "id": self.placed.id,
            "differences": [
                {"where": each.where, "expected": each.expected, "got": each.got} for each in self.differences
            ],
        }


def near_misses(
    placed: Iterable[PlacedStub], asked: Asked, scenarios: Scenarios, limit: int
) -> list[NearMiss]:
    """At most `limit` of the stubs that do not answer, the closest first. What is secret is not told."""
    found = [NearMiss(each, tuple(_reasons(each, asked, scenarios))) for each in placed]
    nearest = sorted((miss for miss in found if miss.differences), key=_distance)[:limit]
    clean = partial(text_without_secrets, asked.call)
    return [
        NearMiss(miss.placed, tuple(each.through(clean) for each in miss.differences)) for miss in nearest
    ]


def _reasons(placed: PlacedStub, asked: Asked, scenarios: Scenarios) -> Iterator[Difference]:
    stub, step = placed.stub, placed.stub.step
    if placed.spent:
        yield Difference("times", f"at most {stub.times}", f"one more: it has answered {placed.hits}")
    if step is not None and step.state is not None:
        state = scenarios.state(step.scenario)
        if state != step.state:
            yield Difference(f"scenario {step.scenario}", f"state {step.state}", f"state {state}")
    if stub.when.routes is None and not asked.generating:
        yield Difference("route", "a POST that asks the model", f"{asked.call.method} {asked.route}")
    try:
        yield from stub.when.difference(asked)
    except Exception as error:
        yield Difference("predicate", "an answer", f"{type(error).__name__}: {error}")


def _distance(miss: NearMiss) -> float:
    return sum(map(_apart, miss.differences))


def _apart(difference: Difference) -> float:
    expected, got = difference.expected[:_LOOKED_AT], difference.got[:_LOOKED_AT]
    return max(1 - SequenceMatcher(None, expected, got, autojunk=False).ratio(), _LEAST)
