"""The data of a stream's events, read as the standard for event streams says.

More lenient than TGI's framing on purpose: it must read any server's stream. Whether the framing is TGI's
own is the contracts' to judge.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

__all__ = ["DONE", "data_of"]

DONE: Final = "[DONE]"
"""The data that ends a chat or completion stream."""


def data_of(text: str) -> list[Any]:
    """Each event's data, its JSON value or else its text. An event that was not ended by an empty line is
    left out, as the standard has it."""
    found: list[Any] = []
    data: list[str] = []
    lines = re.split(r"\r\n|\n|\r", text.removeprefix("\ufeff"))
    for line in lines[:-1]:
        if line:
            name, _, value = line.partition(":")
            if name == "data":
                data.append(value.removeprefix(" "))
        elif data:
            found.append(_value("\n".join(data)))
            data = []
    return found


def _value(data: str) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data
