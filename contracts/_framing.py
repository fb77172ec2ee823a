"""The text of an event stream, taken apart as the router puts it together.

Every event is one line `data: ` and one empty line; there is no other field, and the only comment is the
keep-alive `:`. The data is JSON, or `[DONE]`. This is much narrower than what a client must be able to read.
"""

from __future__ import annotations

import json
from typing import Any

from ._violation import Violation, shown

__all__ = ["DONE", "events_of", "parsed"]

DONE = "[DONE]"


def events_of(text: str) -> tuple[list[Any], list[Violation]]:
    """The data of each event, as `json.loads` gives it or as the text "[DONE]", and what is wrong besides.

    What is no event is told and left out, so that the places of the others stay as they are in the stream.
    """
    events: list[Any] = []
    found: list[Violation] = []
    *blocks, rest = text.split("\n\n")
    if rest:
        found.append(Violation(f"events[{len(blocks)}]", "framing", "an empty line at the end", shown(rest)))
    for block in blocks:
        where = f"events[{len(events)}]"
        if block == ":":
            continue
        if not block.startswith("data: ") or block[6:7] == " " or "\n" in block or "\r" in block:
            found.append(Violation(where, "framing", "one line `data: ` and an empty one", shown(block)))
            continue
        data = block[6:]
        try:
            value = DONE if data == DONE else parsed(data)
            if isinstance(value, str) and data != DONE:
                raise ValueError("no event is a text")
            events.append(value)
        except ValueError as error:
            found.append(Violation(where, "json", "JSON, or [DONE]", f"{shown(data)} ({error})"))
    return events, found


def parsed(text: str) -> Any:
    """The value of a JSON text, as `json.loads` gives it.

    Raises ValueError for a text that is none, has a member twice, or is nested deeper than can be looked at.
    """
    try:
        return json.loads(text, object_pairs_hook=_members)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(name for name in found if [key for key, _ in pairs].count(name) > 1)
        raise ValueError(f"member {twice!r} twice")
    return found
