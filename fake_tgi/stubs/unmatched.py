"""What a strict server says to a call that nobody scripted: 501, and what keeps the nearest stubs from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..call import Call
from ..frames import Body, Frame, Head
from ..headers import JSON
from ..matching.asked import Asked
from ..render.values import value
from .stub_map import StubMap

if TYPE_CHECKING:
    from ..state import State

__all__ = ["unmatched"]


def unmatched(state: State, call: Call) -> Iterator[Frame] | None:
    """The refusal of a call that no stub answers; None if it asks no model, or a generation is queued.

    Nor is there one while every slot is taken, or said to be: the router refuses before any model is asked.
    """
    if not Asked(call).generating or len(state.queue) or not state.permits.free:
        return None
    return _refusal(state.stubs, call)


def _refusal(stubs: StubMap, call: Call) -> Iterator[Frame]:
    """501, which TGI never sends; streams get it, too. The body has the router's form, and the misses."""
    misses = stubs.near_misses(call)
    lines = [f"no stub answers {call.method} {call.path}", *(miss.told for miss in misses)]
    if not len(stubs):
        lines.append("there are no stubs")
    if stubs.file is not None and stubs.file.problem is not None:
        lines.append(f"the stub file has changed, but {stubs.file.problem}")
    body = value(
        {
            "error": "\n".join(lines),
            "error_type": "unmatched",
            "near_misses": [miss.as_json() for miss in misses],
        }
    )
    yield Head(501, JSON, len(body))
    yield Body(body)
