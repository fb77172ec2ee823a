"""Values drawn outside of any test.

A draw does not depend on the process, on earlier draws, on a database or on pytest's options: the same
strategy and seed give the same values.
"""

from __future__ import annotations

import threading
from typing import TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException

__all__ = ["ONE_AT_A_TIME", "DrawError", "draw"]

T = TypeVar("T")

# Hypothesis seeds the global generators of `random` during a draw, so two of them must not overlap.
ONE_AT_A_TIME = threading.Lock()


class DrawError(ValueError):
    """Nothing can be drawn: the strategy has no values, or none that Hypothesis finds."""


def draw(strategy: st.SearchStrategy[T], number: int, *, start: int = 0) -> list[T]:
    """Up to `number` values, at least one; `start` seeds them. Raises DrawError."""
    drawn: list[T] = []

    @seed(start)
    @settings(
        max_examples=number,
        phases=(Phase.generate,),
        database=None,
        deadline=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(strategy)
    def collect(value: T) -> None:
        drawn.append(value)

    with ONE_AT_A_TIME:
        try:
            collect()
        except HypothesisException as error:
            raise DrawError(f"nothing could be drawn from {strategy!r}: {error}") from error
        except Exception as error:  # strategies are built late, and may fail as late
            raise DrawError(f"{strategy!r} is no strategy: {error}") from error
    if not drawn:
        raise DrawError(f"nothing could be drawn from {strategy!r}")
    return drawn
