"""What the tests of the strategies share: how many examples they try, the least one, and the contracts as
their judge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import Phase, find, settings
from hypothesis import strategies as st

from tgi_contracts import Violation, check_exchange

from ..sweeps import examples

__all__ = ["SOME", "broken", "least"]

T = TypeVar("T")

SOME = settings(max_examples=examples(25), deadline=None)  # a loaded machine is no reason to fail

# To explain an example Hypothesis tries many others, which takes ten times as long as to shrink it.
_PATIENT = settings(max_examples=3000, database=None, deadline=None, phases=(Phase.generate, Phase.shrink))


def least(strategy: st.SearchStrategy[T], condition: Callable[[T], bool] = lambda value: True) -> T:
    """The simplest value for which `condition` holds."""
    return find(strategy, condition, settings=_PATIENT)


def broken(exchange: dict[str, Any], *, odd: bool = False) -> list[Violation]:
    """Each way in which an exchange breaks its contracts, but for what the router itself proves otherwise."""
    return [violation for violation in check_exchange(exchange) if not _disputed(violation, exchange, odd)]


def _disputed(violation: Violation, exchange: dict[str, Any], odd: bool) -> bool:
    """Whether the router's source says that the contract is wrong here (TGI db931fc)."""
    called_twice = len(exchange["generations"]) > 1
    if violation.where.endswith("best_of_sequences[0].generated_text"):
        return True  # server.rs:325: the prompt stands before these texts, too
    if violation.where == "body.usage.completion_tokens" or violation.where.startswith("body.choices[0]."):
        return called_twice  # server.rs:1281: after no_tool, details are those of the first generation
    # chat.rs:229: a token that completes the name may hold the arguments, too; they are lost
    return odd and violation.where == "events" and violation.rule in ("model", "tool_calls")
