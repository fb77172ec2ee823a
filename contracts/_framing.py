"""The text of an event stream, taken apart as the router puts it together.

Every event is one line `data: ` and one empty line; there is no other field, and the only comment is the
keep-alive `:`. The data is JSON, or `[DONE]`. This is much narrower than what a client must be able to read.
"""

from __future__ import annotations

import json
from typing import Any

from ._violation import Violation, shown

__all__ = ["DONE", "events_of"]

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
        if not block.startswith("data: ") or "\n" in block or "\r" in block:
            found.append(Violation(where, "framing", "one line `data: ` and an empty one", shown(block)))
            continue
        data = block[6:]
        try:
            events.append(DONE if data == DONE else json.loads(data))
        except ValueError:
            found.append(Violation(where, "json", "JSON, or [DONE]", shown(data)))
    return events, found
