"""What the tests of the strategies share: how many examples they try, and the contracts as their judge."""

from __future__ import annotations

from typing import Any

from hypothesis import settings

from tgi_contracts import Violation, check_exchange

__all__ = ["SOME", "broken"]

SOME = settings(max_examples=25, deadline=None)  # a loaded machine is no reason to fail


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
