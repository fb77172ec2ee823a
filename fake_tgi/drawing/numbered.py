"""Values by number: the same strategy and number give the same value, in any process and in any order.

The choices come from a hash of the number and not from Hypothesis's own generator, which also takes to the
constants that it finds in whatever modules happen to be imported. Another version of Hypothesis may make
other values of the same choices.
"""

from __future__ import annotations

from hashlib import shake_128
from typing import Any, Final, TypeVar

from hypothesis import HealthCheck, Verbosity, given, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException

from .examples import ONE_AT_A_TIME, DrawError

__all__ = ["draw_numbered"]

T = TypeVar("T")

_CHOICES: Final = 8192
"""Bytes to choose with: as many as Hypothesis ever takes for one value."""

_TRIES: Final = 100


def draw_numbered(strategy: st.SearchStrategy[T], number: int) -> T:
    """The value with this number (0 to 2**64 - 1). Raises DrawError where none can be found."""
    drawn: list[T] = []

    @settings(
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(strategy)
    def collect(value: T) -> None:
        drawn.append(value)

    test: Any = collect
    choose = test.hypothesis.fuzz_one_input
    with ONE_AT_A_TIME:
        for attempt in range(_TRIES):  # a choice may lead to what a strategy filters out
            try:
                choose(shake_128(b"%d %d" % (number, attempt)).digest(_CHOICES))
            except HypothesisException as error:
                raise DrawError(f"nothing could be drawn from {strategy!r}: {error}") from error
            except DrawError:
                raise
            except Exception as error:  # strategies are built late, and may fail as late
                raise DrawError(f"{strategy!r} is no strategy: {error}") from error
            if drawn:
                return drawn[0]
    raise DrawError(f"nothing could be drawn from {strategy!r} in {_TRIES} attempts")
